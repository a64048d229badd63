//! What the tables of saved queries were made of. Each version of a table has a lineage of its own, so that rows are never
//! shown by the lineage of others: the state database and what is published change one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::registry::Table;
use super::{Change, Reader, Result, StoreError, row};
use crate::engine::{self, params};

/// How many versions of a table are known: those before the published one may still be in use.
const KEPT: i64 = 3;

/// A table that rows come from.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Ancestor {
    /// The registry id; the name of a table that is not registered.
    pub id: String,
    /// As it was called then.
    pub name: String,
    pub is_registered: bool,
    /// When it was registered, in microseconds. Another table that gets the same id later is not the same table.
    pub registered_at: Option<i64>,
}

/// All tables that rows come from, those behind other saved queries included.
pub type Lineage = Arc<[Ancestor]>;

impl Ancestor {
    /// The table with this registry id, or name, and its row if it is registered.
    pub fn new(id: &str, name: &str, row: Option<&Table>) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            is_registered: row.is_some(),
            registered_at: row.and_then(|row| row.registered_at).map(|at| at.as_microsecond()),
        }
    }
}

/// The known versions of all tables.
#[derive(Debug, Default)]
pub struct Versions {
    /// By query, the newest first.
    by_query: HashMap<String, Vec<(String, Lineage)>>,
}

impl Versions {
    pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Self> {
        let rows: Vec<(String, String, String)> = reader.list(
            "SELECT query_id, version, lineage::VARCHAR FROM saved_query_versions ORDER BY made_at DESC",
            [],
            |row| row.try_into(),
        )?;
        let mut loaded = Self::default();
        for (query, version, lineage) in rows {
            // One that cannot be read is one that is not known, and opens nothing.
            if let Ok(lineage) = serde_json::from_str::<Vec<Ancestor>>(&lineage) {
                loaded.by_query.entry(query).or_default().push((version, lineage.into()));
            }
        }
        Ok(loaded)
    }

    /// What this version of the table of a query was made of.
    pub fn lineage(&self, query_id: &str, version: &str) -> Option<&Lineage> {
        let mut versions = self.by_query.get(query_id)?.iter();
        versions.find(|(known, _)| known == version).map(|(_, lineage)| lineage)
    }

    /// What the newest version was made of.
    pub fn newest(&self, query_id: &str) -> Option<&Lineage> {
        self.by_query.get(query_id)?.first().map(|(_, lineage)| lineage)
    }
}

/// Stores what a version is made of, before it is published.
pub fn put(change: &Change<'_>, query_id: &str, version: &str, lineage: &[Ancestor]) -> Result<()> {
    let text = serde_json::to_string(lineage).map_err(|error| StoreError::Broken(error.to_string()))?;
    change.run("DELETE FROM saved_query_versions WHERE query_id = ? AND version = ?", [query_id, version])?;
    change.run(
        "INSERT INTO saved_query_versions (query_id, version, lineage, made_at)
         VALUES (?, ?, ?, make_timestamp(?::BIGINT))",
        params![query_id, version, text, row::micros(Some(change.now))],
    )?;
    change.run(
        "DELETE FROM saved_query_versions WHERE query_id = ?1 AND version NOT IN
             (SELECT version FROM saved_query_versions WHERE query_id = ?1 ORDER BY made_at DESC LIMIT ?2)",
        params![query_id, KEPT],
    )
}

/// Forgets all versions of a table.
pub fn delete(change: &Change<'_>, query_id: &str) -> Result<()> {
    change.run("DELETE FROM saved_query_versions WHERE query_id = ?", [query_id])
}
