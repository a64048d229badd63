use minijinja::{Value, context};

use super::catalog::{Freshness, entry};
use super::{PageContext, PageResult, SignedIn, setup};
use crate::base::time;
use crate::domain::access_log::{RecentRead, recent_reads};
use crate::domain::access_requests::list_own_access_requests;
use crate::domain::tables::catalog;
use crate::store::access_requests::PENDING;

/// Tables that are listed.
const RECENT: usize = 8;
/// Pulls and queries that are listed, and how many tables of each are named.
const READS: usize = 6;
const NAMED: usize = 3;

/// `GET /dashboard`: where signing in leads.
pub async fn show_dashboard(SignedIn(person): SignedIn, page: PageContext) -> PageResult {
    let app = &page.app;
    let mut tables = catalog(&app.store.snapshot(), &app.orchestrator.publication(), &person, &app.openmetadata).tables;
    let now = time::now();
    let requests = list_own_access_requests(&app.store, &person).await?.requests;
    let totals = context! {
        tables => tables.len(),
        rows => tables.iter().filter_map(|table| table.rows).sum::<u64>(),
        bytes => tables.iter().filter_map(|table| table.size_bytes).sum::<u64>(),
        stale => tables.iter().filter(|table| Freshness::of(table, now) == Freshness::Stale).count(),
    };
    tables.sort_by(|one, other| other.last_sync.cmp(&one.last_sync).then_with(|| one.name.cmp(&other.name)));
    let recent: Vec<Value> = tables.iter().take(RECENT).map(|table| entry(table, now)).collect();
    let reads = recent_reads(&app.access_log, &person, READS).await?;
    let values = context! {
        totals, recent,
        reads => reads.iter().map(read).collect::<Vec<_>>(),
        is_recorded => app.access_log.is_on(),
        pending => requests.iter().filter(|request| request.status == PENDING).count(),
        install => setup::install_command(&page),
    };
    page.render("dashboard.html", values)
}

fn read(read: &RecentRead) -> Value {
    let RecentRead { at, what, tables, rows, status } = read;
    let more = tables.len().saturating_sub(NAMED);
    let tables: Vec<_> = tables.iter().take(NAMED).cloned().collect();
    context! { at, what, tables, more, rows, status }
}
