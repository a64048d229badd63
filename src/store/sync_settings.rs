//! What users want synced.

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result};
use crate::engine::{self, params};

#[derive(Clone, Debug)]
pub struct SyncSetting {
    pub dataset: String,
    pub enabled: bool,
    pub table_mode: String,
    /// JSON.
    pub tables: Option<String>,
    pub updated_at: Option<Timestamp>,
}

/// Returns the preferences of one user, by dataset.
pub fn of_user(reader: &Reader<'_>, user_id: &str) -> engine::Result<Vec<SyncSetting>> {
    reader.list(
        "SELECT dataset, coalesce(enabled, false), coalesce(table_mode, 'all'), tables::VARCHAR, epoch_us(updated_at)
             FROM user_sync_settings WHERE user_id = ? ORDER BY dataset",
        [user_id],
        read_row!(as SyncSetting { dataset, enabled, table_mode, tables, updated_at: row::time }),
    )
}

/// Stores a preference. Without `table_mode`, a stored one stays unchanged.
pub fn put(change: &Change<'_>, user_id: &str, dataset: &str, enabled: bool, table_mode: Option<&str>) -> Result<()> {
    let updated = change.execute(
        "UPDATE user_sync_settings SET enabled = ?, table_mode = coalesce(?, table_mode),
             updated_at = make_timestamp(?::BIGINT) WHERE user_id = ? AND dataset = ?",
        params![enabled, table_mode, change.now.as_microsecond(), user_id, dataset],
    )?;
    if updated == 0 {
        change.run(
            "INSERT INTO user_sync_settings (user_id, dataset, enabled, table_mode, updated_at)
             VALUES (?, ?, ?, ?, make_timestamp(?::BIGINT))",
            params![user_id, dataset, enabled, table_mode.unwrap_or("all"), change.now.as_microsecond()],
        )?;
    }
    Ok(())
}
