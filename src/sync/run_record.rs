//! Runs between the store and the API.

use crate::protocol::sync_runs::{Run, RunTable};
use crate::store::sync_runs::{RunRecord, RunTableRecord};

impl From<Run> for RunRecord {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            status: run.status,
            step: run.step,
            triggered_by: run.triggered_by,
            requested: run.requested,
            requested_at: run.requested_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
            duration_ms: run.duration_ms,
            tables: run.tables.into_iter().map(Into::into).collect(),
            errors: run.errors,
        }
    }
}

impl From<RunRecord> for Run {
    fn from(record: RunRecord) -> Self {
        Self {
            id: record.id,
            status: record.status,
            step: record.step,
            triggered_by: record.triggered_by,
            requested: record.requested,
            requested_at: record.requested_at,
            started_at: record.started_at,
            finished_at: record.finished_at,
            duration_ms: record.duration_ms,
            tables: record.tables.into_iter().map(Into::into).collect(),
            errors: record.errors,
        }
    }
}

impl From<RunTable> for RunTableRecord {
    fn from(RunTable { table, source, step, rows, duration_ms, error, notes }: RunTable) -> Self {
        Self { table, source, step, rows, duration_ms, error, notes }
    }
}

impl From<RunTableRecord> for RunTable {
    fn from(RunTableRecord { table, source, step, rows, duration_ms, error, notes }: RunTableRecord) -> Self {
        Self { table, source, step, rows, duration_ms, error, notes }
    }
}
