//! Profiles of tables, by name, each with the version of the content that it describes, or why that has no profile.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Change, Reader, Result, row};
use crate::engine::{self, params};

/// What is known about the last content of a table that was to be profiled.
#[derive(Debug)]
pub enum Stored {
    /// The profile, and when it was made.
    Profile(Value, Option<Timestamp>),
    /// Why there is none.
    Failure(String),
}

/// Stores the profile of a table, a JSON document, in place of the previous one.
pub fn put(change: &Change<'_>, table: &str, version: &str, profile: &str) -> Result<()> {
    replace(change, table, version, profile, None)
}

/// Stores why this content could not be profiled. A profile of the same content stays.
pub fn put_failure(change: &Change<'_>, table: &str, version: &str, failure: &str) -> Result<()> {
    let is_profiled = change.find(
        "SELECT 1 FROM table_profiles WHERE table_id = ? AND content_version = ? AND failure IS NULL",
        [table, version],
        |_| Ok(()),
    )?;
    match is_profiled {
        Some(()) => Ok(()),
        None => replace(change, table, version, "null", Some(failure)),
    }
}

fn replace(change: &Change<'_>, table: &str, version: &str, profile: &str, failure: Option<&str>) -> Result<()> {
    change.run("DELETE FROM table_profiles WHERE table_id = ?", [table])?;
    change.run(
        "INSERT INTO table_profiles (table_id, profile, profiled_at, content_version, failure)
         VALUES (?, ?, make_timestamp(?::BIGINT), ?, ?)",
        params![table, profile, change.now.as_microsecond(), version, failure],
    )
}

/// The profile of a table, or why it has none; `None`: nobody has tried to make one, or, with a `version`, not of this one.
pub fn get(reader: &Reader<'_>, table: &str, version: Option<&str>) -> engine::Result<Option<Stored>> {
    let found = reader.find(
        "SELECT profile::VARCHAR, epoch_us(profiled_at), failure FROM table_profiles
         WHERE lower(table_id) = lower(?1) AND coalesce(content_version = ?2, ?2 IS NULL)",
        params![table, version],
        |row| Ok((row.get::<_, String>(0)?, row::time(row, 1)?, row.get::<_, Option<String>>(2)?)),
    )?;
    Ok(found.and_then(|(text, at, failure)| match failure {
        Some(failure) => Some(Stored::Failure(failure)),
        None => Some(Stored::Profile(serde_json::from_str(&text).ok()?, at)),
    }))
}

/// Table → the version of the content that was profiled last, or could not be.
pub fn versions(reader: &Reader<'_>) -> engine::Result<HashMap<String, String>> {
    reader.list("SELECT table_id, coalesce(content_version, '') FROM table_profiles", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}
