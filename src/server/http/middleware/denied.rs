//! Records who was refused what: a 403 to somebody who is signed in becomes a row in the audit log.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use lru::LruCache;
use serde_json::Value;

use crate::access::Principal;
use crate::protocol::ErrorBody;
use crate::server::AppState;
use crate::store::audit::{Action, Actor};
use crate::store::{StoreError, audit};

/// The same refusal of the same user is recorded once within this time.
const WINDOW: Duration = Duration::from_secs(60);
/// Different refusals of one user that are recorded within it; who tries more paths shows well enough by then.
const EACH: usize = 100;
/// Users that are remembered; those who were not refused for the longest time are forgotten first.
const USERS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");
/// Longest path and longest reason that are recorded, in characters.
const LONGEST: usize = 300;

/// Which refusals were recorded lately, by user.
#[derive(Debug)]
pub struct Refusals(Mutex<LruCache<String, Recent>>);

#[derive(Debug)]
struct Recent {
    since: Instant,
    resources: HashSet<String>,
}

impl Default for Refusals {
    fn default() -> Self {
        // Unbounded caches grow with use; the bound is kept when something is added.
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Refusals {
    /// Whether this is to be recorded. Then it is not again for a while.
    fn is_news(&self, user_id: &str, resource: &str) -> bool {
        let fresh = || Recent { since: Instant::now(), resources: HashSet::new() };
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = users.get_or_insert_mut(user_id.to_owned(), fresh);
        if recent.since.elapsed() >= WINDOW {
            *recent = fresh();
        }
        let is_news = recent.resources.len() < EACH && recent.resources.insert(resource.to_owned());
        if users.len() > USERS.get() {
            users.pop_lru();
        }
        is_news
    }
}

/// Who the caller turned out to be, as an extension of the request.
#[derive(Clone, Default)]
struct Known(Arc<OnceLock<Actor>>);

/// Tells this middleware who the caller is.
pub fn known(parts: &Parts, caller: &Principal) {
    if let Some(Known(slot)) = parts.extensions.get() {
        // A second extractor finds the same caller.
        let _ = slot.set(caller.actor());
    }
}

/// The answer does not wait for the row.
pub async fn note(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let known = Known::default();
    request.extensions_mut().insert(known.clone());
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(LONGEST).collect();
    let response = next.run(request).await;
    if response.status() == StatusCode::FORBIDDEN
        && let Some(actor) = known.0.get()
        && let Some(user_id) = &actor.user_id
    {
        let resource = format!("{method} {path}");
        if app.refusals.is_news(user_id, &resource) {
            tokio::spawn(record(app, actor.clone(), resource, reason(&response)));
        }
    }
    response
}

fn reason(response: &Response) -> String {
    let text = match response.extensions().get::<ErrorBody>().map(|body| &body.detail) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "forbidden".into(),
    };
    text.chars().take(LONGEST).collect()
}

async fn record(app: AppState, actor: Actor, resource: String, reason: String) {
    let written: Result<(), StoreError> = app
        .store
        .write(move |change| {
            audit::record_result(change, &actor, Action::AccessDenied, &resource, Value::Null, &reason)
        })
        .await;
    if let Err(error) = written {
        tracing::warn!(%error, "cannot record that somebody was refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_and_remembered_is_bounded() {
        let refusals = Refusals::default();
        assert!(refusals.is_news("ann", "GET /api/users"));
        assert!(!refusals.is_news("ann", "GET /api/users"));
        assert!(refusals.is_news("bob", "GET /api/users"));
        let recorded = (0..1000).filter(|n| refusals.is_news("ann", &format!("GET /{n}"))).count();
        assert_eq!(recorded, EACH - 1);
        for n in 0..USERS.get() {
            assert!(refusals.is_news(&format!("user {n}"), "GET /api/users"));
        }
        assert_eq!(refusals.0.lock().unwrap().len(), USERS.get());
    }
}
