use minijinja::{Value, context};

use crate::access::Admin;
use crate::connectors::Sources;
use crate::domain::{discovery, syncs};
use crate::extract::Publication;
use crate::protocol::vocabulary::SourceType;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageResult, setup, sync};
use crate::store::registry::Table;
use crate::store::{SCHEDULER_EMAIL, Snapshot};

/// Tables that can be chosen one by one.
const MAX_CHOICES: usize = 100;

/// The steps, of which the first that is not done is the current one. `analyst` is the form of the fourth, and `invited` whom
/// it has just added.
pub(super) async fn show(page: &PageContext, admin: &Admin, analyst: FormState, invited: Option<Value>) -> PageResult {
    let app = &page.app;
    let (snapshot, publication, sources) = (app.store.snapshot(), app.orchestrator.publication(), app.sources());
    let registered = snapshot.registry.all().len();
    let readable = readable(&snapshot, &publication);
    let others = snapshot.users.all();
    let mut others = others.iter().filter(|user| user.id != admin.user().id && user.email != SCHEDULER_EMAIL);
    let (people, has_signed_in) = (others.clone().count(), others.any(|user| user.last_login_at.is_some()));
    let granted = snapshot.grants.all().count();
    let done = [true, registered > 0, !readable.is_empty(), people > 0 && granted > 0, has_signed_in];
    let last = syncs::history(&app.store, &app.runner, admin, None, 1).await?.runs;
    let tables = readable.iter().take(MAX_CHOICES).map(|table| context! { id => &table.id, name => &table.name });
    let url = app.address(&page.caller.base_url);
    let values = context! {
        done,
        current => done.iter().position(|is_done| !is_done).map_or(0, |at| at + 1),
        connected => connected(&sources),
        keboola => page.form(SourceType::KEBOOLA.as_str()),
        max_bytes => app.config.max_upload_bytes,
        registered,
        live => app.runner.live().iter().map(|run| sync::values(&snapshot, run)).collect::<Vec<_>>(),
        last => last.first().map(sync::runs::row),
        published => readable.len(),
        tables => tables.collect::<Vec<_>>(),
        people,
        granted,
        analyst,
        invited,
        install => setup::install_command(page),
        url,
    };
    page.render_secret("first_run.html", values)
}

/// Registered tables that are published, and that people can be given, by name.
pub(super) fn readable(snapshot: &Snapshot, publication: &Publication) -> Vec<std::sync::Arc<Table>> {
    let mut tables: Vec<_> = snapshot.registry.all().into_iter().cloned().collect();
    tables.retain(|table| *table.source() != SourceType::SAVED_QUERIES && publication.get(&table.name).is_some());
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    tables
}

/// The sources that are set up and can list their tables.
fn connected(sources: &Sources) -> Vec<Value> {
    let kinds = discovery::able(sources).filter_map(|kind| sources.get(&kind).filter(|source| source.ready().is_ok()));
    kinds.map(|source| context! { kind => source.kind().as_str(), title => source.title() }).collect()
}
