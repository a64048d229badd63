use std::collections::BTreeSet;

use minijinja::{Value, context};

use super::{kind, values};
use crate::access::Admin;
use crate::base::time;
use crate::domain::registry::overview;
use crate::domain::syncs;
use crate::server::web::formats::below;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};
use crate::store::sync_runs::RunSummary;

/// Past runs on a page.
const PER_PAGE: usize = 20;

/// `GET /admin/sync`
pub async fn show_runs(SignedIn(admin): SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    let app = &page.app;
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let live: Vec<Value> = app.runner.live().iter().map(|run| values(&snapshot, run)).collect();
    let before = list.filter("before").map(str::to_owned);
    let is_first = before.is_none();
    let history = syncs::history(&app.store, &app.runner, &admin, before, PER_PAGE).await?;
    let tables = overview::tables(&snapshot, &publication, time::now()).into_iter();
    let sources: BTreeSet<_> = tables.filter(|table| table.row.is_some()).map(|table| table.source).collect();
    page.render(
        "sync.html",
        context! {
            live,
            runs => history.runs.iter().map(row).collect::<Vec<_>>(),
            older => history.next.map(|next| list.address(&[("before", Some(&next))])),
            newest => (!is_first).then_some("/admin/sync"),
            sources => sources.into_iter().map(|source| (String::from(source.clone()), String::from(source))).collect::<Vec<_>>(),
        },
    )
}

pub(in crate::server::web) fn row(run: &RunSummary) -> Value {
    context! {
        href => below("/admin/sync/runs", &run.id), status => &run.status, kind => kind(&run.status),
        by => &run.triggered_by, requested => run.requested, requested_at => &run.requested_at,
        duration => run.duration_ms, tables => run.tables, failed => run.failed, error => &run.error,
    }
}
