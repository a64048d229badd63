//! Telling a page that a run has gone on.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::access::{Admin, Proof};
use crate::server::AppState;
use crate::server::services::people::Turn;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// Between two events: a run may finish hundreds of tables in a second.
const PAUSE: Duration = Duration::from_millis(300);
/// How often it is checked that the admin still is one.
const CHECK: Duration = Duration::from_secs(5);
/// After which the browser connects again, so that a session that has run out ends the stream.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// `GET /admin/sync/events`: an event whenever a run begins, goes on or ends. It has no data: the page loads itself again.
pub async fn follow(SignedIn(admin): SignedIn<Admin>, page: PageContext) -> PageResult {
    let turn = page.app.people.streams.take(&admin.user().id)?;
    let mut changes = page.app.runner.changes();
    // Something may have happened since the page was made.
    changes.mark_changed();
    let stopping = page.app.stopping.subscribe();
    let follower = Follower { app: page.app, admin, changes, stopping, end: Instant::now() + LIFE, _turn: turn };
    let events = stream::unfold(follower, Follower::next);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

struct Follower {
    app: AppState,
    admin: Admin,
    changes: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    end: Instant,
    _turn: Turn,
}

impl Follower {
    /// The next event; `None` ends the stream.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            let is_new = tokio::select! {
                _ = self.stopping.wait_for(|is_stopping| *is_stopping) => return None,
                () = sleep_until(self.end) => return None,
                changed = self.changes.changed() => changed.map(|()| true).ok()?,
                () = sleep(CHECK) => false,
            };
            self.admin.confirm(&self.app.store.snapshot()).ok()?;
            if is_new {
                // What happens during the pause is a part of this event or makes another one.
                sleep(PAUSE).await;
                return Some((Ok(Event::default().event("run").data("changed")), self));
            }
        }
    }
}
