use minijinja::{Value, context};
use serde::Deserialize;

use crate::access::Admin;
use crate::base::{disk, memory, time};
use crate::domain::schedule::{LastRun, State};
use crate::domain::{Error, queries};
use crate::query::RunningQuery;
use crate::server::ApiError;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::{PageContext, PageResult, SignedIn};
use crate::store::{Snapshot, VERSION};

/// `GET /admin/system`
pub async fn show_system(_: SignedIn<Admin>, page: PageContext) -> PageResult {
    let app = page.app.clone();
    let measured = tokio::task::spawn_blocking(move || {
        let data_dir = &app.config.data_dir;
        let space = disk::space(data_dir.root()).ok();
        (
            space,
            app.data_sizes.read(data_dir),
            memory::used(),
            memory::available(),
            State::read(&data_dir.scheduler_state()),
        )
    });
    let (space, parts, used, available, schedule) = measured.await.map_err(ApiError::internal)?;
    let app = &page.app;
    let (build, snapshot) = (&app.config.build, app.store.snapshot());
    let (connections, max_connections) = app.connections.count();
    let parts = parts.iter().map(|part| context! { name => part.name, bytes => part.bytes, files => part.files });
    page.render(
        "system.html",
        context! {
            build => context! { version => &build.version, channel => &build.channel, commit => &build.commit_sha },
            schema => snapshot.schema_version,
            expected_schema => VERSION,
            started_at => time::iso_naive(app.started_at),
            data_dir => app.config.data_dir.root().display().to_string(),
            disk => space.map(|space| context! { free => space.free, total => space.total, is_low => space.is_low() }),
            parts => parts.collect::<Vec<_>>(),
            memory => used.map(|(now, most)| context! { now, most, available => (available < u64::MAX).then_some(available) }),
            connections,
            max_connections,
            sandbox => app.queries.lacks_sandbox(),
            queries => app.queries.running().iter().map(|query| running(&snapshot, query)).collect::<Vec<_>>(),
            jobs => schedule.jobs.iter().map(|(name, last)| job(name, last)).collect::<Vec<_>>(),
        },
    )
}

fn running(snapshot: &Snapshot, query: &RunningQuery) -> Value {
    let person = snapshot.users.get(&query.person).map(|user| user.email.clone());
    context! { id => query.id, person, statement => &query.statement, since => time::iso_naive(query.since) }
}

fn job(name: &str, last: &LastRun) -> Value {
    let result = last.result.as_deref().unwrap_or_default();
    context! {
        name, result, kind => if last.failures > 0 { "bad" } else { "good" }, failures => last.failures,
        tried_at => last.tried_at.map(time::iso_naive), succeeded_at => last.succeeded_at.map(time::iso_naive),
        not_before => last.not_before.map(time::iso_naive),
    }
}

#[derive(Deserialize)]
pub struct ChosenQuery {
    id: u64,
}

/// `POST /admin/system/stop-query`
pub async fn submit_stop(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(ChosenQuery { id }): Form<ChosenQuery>,
) -> PageResult {
    let text = match queries::stop_query(&page.app.store, &page.app.queries, &admin, id).await {
        Ok(()) => "The query is stopped.",
        Err(Error::NotFound(_)) => "The query had ended already.",
        Err(error) => return Err(error.into()),
    };
    Ok(page.with_flash(redirect("/admin/system"), &Flash::Notice(text.into())))
}
