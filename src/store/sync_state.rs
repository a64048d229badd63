//! When each table was last read from its source, and what went wrong since; keyed by table name.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Change, Reader, Result, row};
use crate::base::random;
use crate::engine::{self, params};

#[derive(Clone, Debug, Default)]
pub struct SyncState {
    pub last_sync: Option<Timestamp>,
    pub rows: Option<i64>,
    pub status: Option<String>,
    pub error: Option<String>,
}

impl SyncState {
    /// The text of the last failure, unless a success came after it.
    pub fn last_error(&self) -> Option<&str> {
        (self.status.as_deref() == Some("error")).then_some(())?;
        self.error.as_deref().filter(|text| !text.is_empty())
    }
}

pub(super) fn load(reader: &Reader<'_>) -> engine::Result<HashMap<String, SyncState>> {
    reader.list("SELECT table_id, epoch_us(last_sync), rows, status, error FROM sync_state", [], |row| {
        let (last_sync, rows, status, error) = (row::time(row, 1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok((row.get(0)?, SyncState { last_sync, rows, status, error }))
    })
}

/// A table as it was published.
#[derive(Clone, Debug)]
pub struct Synced {
    pub table: String,
    pub at: Option<Timestamp>,
    pub rows: i64,
    pub size_bytes: i64,
    pub hash: String,
    /// How long its extraction took, if this run extracted it.
    pub duration_ms: Option<u64>,
}

/// Records that a table was read from its source. Nothing happens unless the time or content is new, so that a rebuild
/// neither invents history nor hides a failure.
pub fn succeeded(change: &Change<'_>, synced: &Synced) -> Result<()> {
    let at = row::micros(synced.at);
    let same = change.exists(
        "SELECT 1 FROM sync_state WHERE table_id = ? AND hash = ?
           AND last_sync IS NOT DISTINCT FROM make_timestamp(?::BIGINT)",
        params![synced.table, synced.hash, at],
    )?;
    if same {
        return Ok(());
    }
    change.run("DELETE FROM sync_state WHERE table_id = ?", [&synced.table])?;
    change.run(
        "INSERT INTO sync_state (table_id, last_sync, rows, file_size_bytes, uncompressed_size_bytes, columns, hash, status)
         VALUES (?, make_timestamp(?::BIGINT), ?, ?, 0, 0, ?, 'ok')",
        params![synced.table, at, synced.rows, synced.size_bytes, synced.hash],
    )?;
    history(change, &synced.table, Some(synced.rows), synced.duration_ms, None)
}

/// Records a failure; what the last success stored stays.
pub fn failed(change: &Change<'_>, table: &str, error: &str, duration_ms: Option<u64>) -> Result<()> {
    let known =
        change.execute("UPDATE sync_state SET status = 'error', error = ? WHERE table_id = ?", [error, table])?;
    if known == 0 {
        change.run("INSERT INTO sync_state (table_id, status, error) VALUES (?, 'error', ?)", [table, error])?;
    }
    history(change, table, None, duration_ms, Some(error))
}

/// Deletes state and history of a table that is no longer registered or published.
pub fn forget(change: &Change<'_>, table: &str) -> Result<()> {
    change.run("DELETE FROM sync_state WHERE table_id = ?", [table])?;
    change.run("DELETE FROM sync_history WHERE table_id = ?", [table])
}

/// Deletes the state of tables that are neither in `published` nor in the registry.
pub fn retain(change: &Change<'_>, published: &[String]) -> Result<()> {
    let list = serde_json::json!(published).to_string();
    change.run(
        "DELETE FROM sync_state WHERE table_id NOT IN (SELECT unnest(json_extract_string(?::JSON, '$[*]')))
           AND table_id NOT IN (SELECT name FROM table_registry)",
        [&list],
    )
}

fn history(
    change: &Change<'_>,
    table: &str,
    rows: Option<i64>,
    duration_ms: Option<u64>,
    error: Option<&str>,
) -> Result<()> {
    let status = if error.is_some() { "error" } else { "ok" };
    let duration_ms = duration_ms.map(|milliseconds| i32::try_from(milliseconds).unwrap_or(i32::MAX));
    change.run(
        "INSERT INTO sync_history (id, table_id, synced_at, rows, duration_ms, status, error)
         VALUES (?, ?, make_timestamp(?::BIGINT), ?, ?, ?, ?)",
        params![random::uuid(), table, change.now.as_microsecond(), rows, duration_ms, status, error],
    )
}
