//! Profiles of tables, by name, each with the version of the content that it describes.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Change, Reader, Result, row};
use crate::engine::{self, params};

/// Stores the profile of a table, replacing the previous one.
pub fn put(change: &Change<'_>, table: &str, version: &str, profile: &Value) -> Result<()> {
    change.run("DELETE FROM table_profiles WHERE table_id = ?", [table])?;
    change.run(
        "INSERT INTO table_profiles (table_id, profile, profiled_at, content_version)
         VALUES (?, ?, make_timestamp(?::BIGINT), ?)",
        params![table, profile.to_string(), change.now.as_microsecond(), version],
    )
}

/// The profile of a table, and when it was made.
pub fn get(reader: &Reader<'_>, table: &str) -> engine::Result<Option<(Value, Option<Timestamp>)>> {
    let found = reader.find(
        "SELECT profile::VARCHAR, epoch_us(profiled_at) FROM table_profiles WHERE lower(table_id) = lower(?)",
        [table],
        |row| Ok((row.get::<_, String>(0)?, row::time(row, 1)?)),
    )?;
    Ok(found.and_then(|(text, at)| Some((serde_json::from_str(&text).ok()?, at))))
}

/// Table → the content version that its profile describes.
pub fn versions(reader: &Reader<'_>) -> engine::Result<HashMap<String, String>> {
    reader.list("SELECT table_id, coalesce(content_version, '') FROM table_profiles", [], |row| row.try_into())
}
