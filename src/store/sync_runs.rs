//! What sync runs did. Not part of the snapshot: nothing is decided by it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::row::{convertible, read_row};
use super::{Change, Reader, Result};
use crate::base::time;
use crate::engine::{self, params};
use crate::protocol::sync_runs::{Run, RunStatus, RunStep, RunTable};

/// How many runs are kept at most.
const RETAINED_RUNS: i64 = 500;

/// A run as it is stored. Other versions of Agnes may have stored fields more or less.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct RunRecord {
    pub id: String,
    pub status: RunStatus,
    pub step: Option<String>,
    pub triggered_by: Option<String>,
    pub requested: Option<Vec<String>>,
    pub requested_at: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    pub duration_ms: Option<u64>,
    pub tables: Vec<RunTableRecord>,
    pub errors: Vec<String>,
    pub cancelled_by: Option<String>,
}

/// What a run did with one table, as it is stored.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct RunTableRecord {
    pub table: String,
    pub source: String,
    pub step: RunStep,
    pub rows: Option<i64>,
    pub duration_ms: Option<u64>,
    pub error: Option<String>,
    pub notes: Vec<String>,
}

convertible!(RunTableRecord, RunTable { table, source, step, rows, duration_ms, error, notes });
convertible!(RunRecord, Run {
    id, status, step, triggered_by, requested, requested_at, started_at, finished_at, duration_ms, errors,
    cancelled_by; tables
});

/// Stores a run, or replaces what is stored of it.
pub fn put(change: &Change<'_>, run: &RunRecord) -> Result<()> {
    change.run("DELETE FROM sync_runs WHERE id = ?", [&run.id])?;
    let requested_at = time::parse(&run.requested_at).unwrap_or(change.now).as_microsecond();
    change.run(
        "INSERT INTO sync_runs (id, requested_at, status, run) VALUES (?, make_timestamp(?::BIGINT), ?, ?)",
        params![run.id, requested_at, run.status.to_string(), serde_json::json!(run).to_string()],
    )
}

/// Marks runs that an earlier process did not finish.
pub fn interrupt(change: &Change<'_>) -> Result<()> {
    let unfinished: Vec<String> =
        change.list("SELECT run FROM sync_runs WHERE status IN ('queued', 'running')", [], |row| row.get(0))?;
    unfinished
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .try_for_each(|run: RunRecord| put(change, &RunRecord { status: RunStatus::Interrupted, step: None, ..run }))
}

/// Deletes runs and table history older than `days`, and all but the newest runs.
pub fn expire(change: &Change<'_>, days: u32) -> Result<()> {
    let cutoff = change.now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
    let cutoff = cutoff.as_microsecond();
    change.run("DELETE FROM sync_history WHERE synced_at < make_timestamp(?::BIGINT)", [cutoff])?;
    change.run("DELETE FROM sync_runs WHERE requested_at < make_timestamp(?::BIGINT)", [cutoff])?;
    change.run(
        "DELETE FROM sync_runs WHERE id NOT IN (SELECT id FROM sync_runs ORDER BY requested_at DESC LIMIT ?)",
        [RETAINED_RUNS],
    )
}

/// Newest first; with `before`, only runs older than that one.
pub fn list(reader: &Reader<'_>, before: Option<&str>, limit: usize) -> engine::Result<Vec<RunRecord>> {
    let texts: Vec<String> = reader.list(
        "SELECT run FROM sync_runs
         WHERE ?1 IS NULL OR requested_at < (SELECT max(requested_at) FROM sync_runs WHERE id = ?1)
         ORDER BY requested_at DESC LIMIT ?2",
        params![before, limit],
        |row| row.get(0),
    )?;
    Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

/// A run without what it did with each table, of which there may be thousands.
#[derive(Clone, Debug)]
pub struct RunSummary {
    pub id: String,
    pub status: String,
    pub triggered_by: Option<String>,
    /// How many tables were requested; `None`: everything that was due.
    pub requested: Option<i64>,
    pub requested_at: Option<String>,
    pub duration_ms: Option<i64>,
    pub tables: i64,
    /// How many of the tables failed.
    pub failed: i64,
    /// The first failure, of whatever.
    pub error: Option<String>,
}

/// As [`list`].
pub fn summaries(reader: &Reader<'_>, before: Option<&str>, limit: usize) -> engine::Result<Vec<RunSummary>> {
    reader.list(
        "SELECT id, status, run->>'$.triggered_by',
                CASE WHEN json_type(run, '$.requested') = 'ARRAY' THEN json_array_length(run, '$.requested')::BIGINT END,
                run->>'$.requested_at', TRY_CAST(run->>'$.duration_ms' AS BIGINT),
                coalesce(len(list_distinct(tables)), 0)::BIGINT, coalesce(len(failed), 0)::BIGINT,
                coalesce(run->>'$.errors[0]', failed[1])
         FROM (SELECT *, run->>'$.tables[*].table' AS tables,
                      list_filter(run->>'$.tables[*].error', lambda error: error IS NOT NULL) AS failed
               FROM (SELECT id, status, requested_at AS moment, run::JSON AS run FROM sync_runs
                     WHERE ?1 IS NULL OR requested_at < (SELECT max(requested_at) FROM sync_runs WHERE id = ?1)
                     ORDER BY requested_at DESC LIMIT ?2))
         ORDER BY moment DESC",
        params![before, limit],
        read_row!(as RunSummary {
            id, status, triggered_by, requested, requested_at, duration_ms, tables, failed, error
        }),
    )
}

pub fn get(reader: &Reader<'_>, id: &str) -> engine::Result<Option<RunRecord>> {
    let text: Option<String> = reader.find("SELECT run FROM sync_runs WHERE id = ?", [id], |row| row.get(0))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}
