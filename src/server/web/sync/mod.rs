//! Sync runs: what happens now, what happened, and starting one.

pub mod cancel;
pub mod events;
pub mod run;
pub mod runs;
pub mod start;

use minijinja::{Value, context};

use super::formats::below;
use crate::protocol::sync_runs::{Run, RunTable};
use crate::store::Snapshot;

/// Of the tables of one run that a page shows.
const MAX_SHOWN: usize = 200;

/// The kind of the badge of a run.
fn kind(status: &str) -> &'static str {
    match status {
        "ok" => "good",
        "partial" | "interrupted" | "cancelled" => "warning",
        "failed" => "bad",
        _ => "plain",
    }
}

/// A run with what became of each table: those that failed first, then the newest. Of very many only some are shown.
pub(super) fn values(snapshot: &Snapshot, run: &Run) -> Value {
    let (failed, fine): (Vec<_>, Vec<_>) = run.tables.iter().partition(|table| table.error.is_some());
    let shown = failed.iter().chain(fine.iter().rev()).take(MAX_SHOWN);
    let status = run.status.to_string();
    context! {
        id => &run.id,
        href => below("/admin/sync/runs", &run.id),
        kind => kind(&status),
        is_over => run.status.is_over(),
        status,
        step => &run.step,
        by => &run.triggered_by,
        cancelled_by => &run.cancelled_by,
        requested => run.requested.as_ref().map(Vec::len),
        requested_at => &run.requested_at,
        started_at => &run.started_at,
        finished_at => &run.finished_at,
        duration => run.duration_ms,
        failed => failed.len(),
        done => run.tables.len(),
        hidden => run.tables.len().saturating_sub(MAX_SHOWN),
        tables => shown.map(|table| outcome(snapshot, table)).collect::<Vec<_>>(),
        errors => &run.errors,
    }
}

fn outcome(snapshot: &Snapshot, table: &RunTable) -> Value {
    let row = snapshot.registry.by_name(&table.table);
    context! {
        name => &table.table, href => row.map(|row| below("/admin/tables", &row.id)), source => &table.source,
        step => table.step.to_string(), rows => table.rows, duration => table.duration_ms, error => &table.error,
        notes => &table.notes,
    }
}
