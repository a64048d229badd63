//! What sync runs did. Not part of the snapshot: nothing is decided by it.

use jiff::{SignedDuration, Timestamp};

use super::{Change, Reader, StoreError};
use crate::base::time;
use crate::engine::{self, params};
use crate::protocol::sync_runs::{Run, RunStatus};

/// How many runs are kept.
const KEPT: i64 = 500;

/// Stores a run, in the place of what was known of it.
pub fn put(change: &Change<'_>, run: &Run) -> Result<(), StoreError> {
    change.execute("DELETE FROM sync_runs WHERE id = ?", [&run.id])?;
    let requested_at = time::parse(&run.requested_at).unwrap_or(change.now).as_microsecond();
    change.execute(
        "INSERT INTO sync_runs (id, requested_at, status, run) VALUES (?, make_timestamp(?::BIGINT), ?, ?)",
        params![run.id, requested_at, run.status.name(), text(run)?],
    )?;
    Ok(())
}

/// Marks runs that an earlier process did not finish.
pub fn interrupt(change: &Change<'_>) -> Result<(), StoreError> {
    let unfinished: Vec<String> =
        change.list("SELECT run FROM sync_runs WHERE status IN ('queued', 'running')", [], |row| row.get(0))?;
    unfinished
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .try_for_each(|run: Run| put(change, &Run { status: RunStatus::Interrupted, step: None, ..run }))
}

/// Forgets what is older than `days`, of runs and of the history of tables, and all but the newest runs.
pub fn expire(change: &Change<'_>, days: u32) -> Result<(), StoreError> {
    let before = change.now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
    let before = before.as_microsecond();
    change.execute("DELETE FROM sync_history WHERE synced_at < make_timestamp(?::BIGINT)", [before])?;
    change.execute("DELETE FROM sync_runs WHERE requested_at < make_timestamp(?::BIGINT)", [before])?;
    change.execute(
        "DELETE FROM sync_runs WHERE id NOT IN (SELECT id FROM sync_runs ORDER BY requested_at DESC LIMIT ?)",
        [KEPT],
    )?;
    Ok(())
}

/// Newest first; with `before`, only runs older than that one.
pub fn list(reader: &Reader<'_>, before: Option<&str>, limit: usize) -> engine::Result<Vec<Run>> {
    let texts: Vec<String> = reader.list(
        "SELECT run FROM sync_runs
             WHERE ?1 IS NULL OR requested_at < (SELECT max(requested_at) FROM sync_runs WHERE id = ?1)
             ORDER BY requested_at DESC LIMIT ?2",
        params![before, limit],
        |row| row.get(0),
    )?;
    Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

pub fn get(reader: &Reader<'_>, id: &str) -> engine::Result<Option<Run>> {
    let text: Option<String> = reader.find("SELECT run FROM sync_runs WHERE id = ?", [id], |row| row.get(0))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn text(run: &Run) -> Result<String, StoreError> {
    serde_json::to_string(run).map_err(|error| StoreError::Broken(error.to_string()))
}
