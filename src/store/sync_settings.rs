//! What users want synced.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError};
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

/// How many preferences one user may have.
const MAX_PER_USER: i64 = 10_000;

/// Stores preferences: whether each of these datasets is on. A dataset is the same in any case. Without `table_mode`, a
/// stored one stays unchanged. Returns whether anything is different from before.
pub fn put<'a>(
    change: &Change<'_>,
    user_id: &str,
    datasets: impl IntoIterator<Item = (&'a String, &'a bool)>,
    table_mode: Option<&str>,
) -> Result<bool> {
    let datasets: Map<String, Value> =
        datasets.into_iter().map(|(dataset, enabled)| (dataset.clone(), json!(enabled))).collect();
    // One statement for all of them, so that a long list does not hold up other changes.
    let datasets = Value::Object(datasets).to_string();
    let given = "(SELECT key AS dataset, value::BOOLEAN AS enabled FROM json_each(?1::JSON)) AS given";
    let now = change.now.as_microsecond();
    let changed = change.execute(
        &format!(
            "UPDATE user_sync_settings SET enabled = given.enabled, table_mode = coalesce(?4::VARCHAR, table_mode),
                 updated_at = make_timestamp(?3::BIGINT)
             FROM {given} WHERE user_id = ?2 AND lower(user_sync_settings.dataset) = lower(given.dataset)
                 AND (user_sync_settings.enabled, table_mode)
                     IS DISTINCT FROM (given.enabled, coalesce(?4::VARCHAR, table_mode))"
        ),
        params![datasets, user_id, now, table_mode],
    )?;
    let added = change.execute(
        &format!(
            "INSERT INTO user_sync_settings (user_id, dataset, enabled, table_mode, updated_at)
             SELECT ?2, dataset, enabled, ?4, make_timestamp(?3::BIGINT) FROM {given}
             WHERE lower(dataset) NOT IN (SELECT lower(dataset) FROM user_sync_settings WHERE user_id = ?2)"
        ),
        params![datasets, user_id, now, table_mode.unwrap_or("all")],
    )?;
    let count = "SELECT count(*) FROM user_sync_settings WHERE user_id = ?";
    if added > 0 && change.one(count, [user_id], |row| row.get::<_, i64>(0))? > MAX_PER_USER {
        return Err(StoreError::Conflict(format!(
            "You have preferences for {MAX_PER_USER} tables, which is the limit"
        )));
    }
    Ok(changed + added > 0)
}
