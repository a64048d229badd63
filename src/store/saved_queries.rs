//! Statements that people keep under a name, some with a table that holds their last result.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError, grants, lineage};
use crate::base::ident;
use crate::engine::{self, params};
use crate::protocol::vocabulary::ResourceType;

/// What decides about access, without the statement.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    pub owner_id: String,
    pub name: String,
    /// Registry id of the table that keeps the result.
    pub table_id: Option<String>,
}

/// Every saved query.
#[derive(Debug, Default)]
pub struct SavedQueries {
    by_id: BTreeMap<String, Arc<Entry>>,
    by_table: HashMap<String, Arc<Entry>>,
}

impl SavedQueries {
    pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Self> {
        let rows: Vec<Entry> = reader.list(
            "SELECT id, owner_id, name, table_id FROM saved_queries",
            [],
            read_row!(as Entry { id, owner_id, name, table_id }),
        )?;
        let mut loaded = Self::default();
        for entry in rows.into_iter().map(Arc::new) {
            if let Some(table) = &entry.table_id {
                loaded.by_table.insert(table.clone(), Arc::clone(&entry));
            }
            loaded.by_id.insert(entry.id.clone(), entry);
        }
        Ok(loaded)
    }

    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.by_id.get(id).map(Arc::as_ref)
    }

    /// The query whose result the table with that registry id keeps.
    pub fn of_table(&self, table_id: &str) -> Option<&Entry> {
        self.by_table.get(table_id).map(Arc::as_ref)
    }

    pub fn all(&self) -> impl Iterator<Item = &Entry> {
        self.by_id.values().map(Arc::as_ref)
    }

    pub fn of_owner<'a>(&'a self, owner_id: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.all().filter(move |entry| entry.owner_id == owner_id)
    }
}

/// A saved query with everything.
#[derive(Clone, Debug)]
pub struct SavedQuery {
    pub id: String,
    pub owner_id: String,
    pub name: String,
    pub description: Option<String>,
    pub sql: String,
    pub schedule: Option<String>,
    pub table_id: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ran_at: Option<Timestamp>,
    /// Of the last run.
    pub status: Option<String>,
    pub error: Option<String>,
    pub rows: Option<i64>,
    pub duration_ms: Option<i64>,
}

const COLUMNS: &str = "id, owner_id, name, description, sql, schedule, table_id, epoch_us(created_at), \
    epoch_us(updated_at), epoch_us(ran_at), status, error, rows, duration_ms";

fn saved(row: &engine::Row<'_>) -> engine::Result<SavedQuery> {
    read_row!(row => SavedQuery {
        id, owner_id, name, description, sql, schedule, table_id, created_at: row::instant, updated_at: row::instant,
        ran_at: row::time, status, error, rows, duration_ms
    })
}

/// Those with these ids, by name.
pub fn list(reader: &Reader<'_>, ids: &[String]) -> engine::Result<Vec<SavedQuery>> {
    let wanted = "id IN (SELECT unnest(json_extract_string(?::JSON, '$[*]')))";
    let sql = format!("SELECT {COLUMNS} FROM saved_queries WHERE {wanted} ORDER BY lower(name), id");
    reader.list(&sql, [serde_json::json!(ids).to_string()], saved)
}

/// Those with a schedule, the one that waits longest first.
pub fn scheduled(reader: &Reader<'_>) -> engine::Result<Vec<SavedQuery>> {
    let sql = "WHERE schedule IS NOT NULL AND table_id IS NOT NULL ORDER BY ran_at NULLS FIRST, id";
    reader.list(&format!("SELECT {COLUMNS} FROM saved_queries {sql}"), [], saved)
}

pub fn get(reader: &Reader<'_>, id: &str) -> engine::Result<Option<SavedQuery>> {
    reader.find(&format!("SELECT {COLUMNS} FROM saved_queries WHERE id = ?"), [id], saved)
}

/// Adds a query; its owner must have no other one of that name, without regard to case.
pub fn insert(change: &Change<'_>, query: &SavedQuery) -> Result<()> {
    name_is_free(change, query)?;
    change.run(
        "INSERT INTO saved_queries (id, owner_id, name, description, sql, schedule, table_id, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, make_timestamp(?::BIGINT), make_timestamp(?::BIGINT))",
        params![
            query.id,
            query.owner_id,
            query.name,
            query.description,
            query.sql,
            query.schedule,
            query.table_id,
            query.created_at.as_microsecond(),
            query.updated_at.as_microsecond()
        ],
    )
}

/// Replaces what people set; the last run stays.
pub fn update(change: &Change<'_>, query: &SavedQuery) -> Result<()> {
    name_is_free(change, query)?;
    change.run(
        "UPDATE saved_queries SET owner_id = ?, name = ?, description = ?, sql = ?, schedule = ?, table_id = ?,
             updated_at = make_timestamp(?::BIGINT)
         WHERE id = ?",
        params![
            query.owner_id,
            query.name,
            query.description,
            query.sql,
            query.schedule,
            query.table_id,
            change.now.as_microsecond(),
            query.id
        ],
    )
}

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub at: Timestamp,
    pub status: &'static str,
    pub error: Option<String>,
    pub rows: Option<i64>,
    pub duration_ms: i64,
}

/// Stores what became of the last run.
pub fn record_run(change: &Change<'_>, id: &str, outcome: &Outcome) -> Result<()> {
    let Outcome { at, status, error, rows, duration_ms } = outcome;
    change.run(
        "UPDATE saved_queries SET ran_at = make_timestamp(?::BIGINT), status = ?, error = ?, rows = ?, duration_ms = ?
         WHERE id = ?",
        params![at.as_microsecond(), status, error, rows, duration_ms, id],
    )
}

/// Forgets the last run.
pub fn forget_run(change: &Change<'_>, id: &str) -> Result<()> {
    change.run(
        "UPDATE saved_queries SET ran_at = NULL, status = NULL, error = NULL, rows = NULL, duration_ms = NULL
         WHERE id = ?",
        [id],
    )
}

/// Leaves the query whose table had this registry id, if there is one, without table and schedule.
pub fn forget_table(change: &Change<'_>, table_id: &str) -> Result<()> {
    change.run(
        "DELETE FROM saved_query_versions WHERE query_id IN (SELECT id FROM saved_queries WHERE table_id = ?)",
        [table_id],
    )?;
    change.run("UPDATE saved_queries SET table_id = NULL, schedule = NULL WHERE table_id = ?", [table_id])
}

/// Removes a query, with whom it is shared with. Its table is not touched.
pub fn delete(change: &Change<'_>, id: &str) -> Result<()> {
    lineage::delete(change, id)?;
    grants::delete_for(change, &ResourceType::SavedQuery, id)?;
    change.run("DELETE FROM saved_queries WHERE id = ?", [id])
}

fn name_is_free(change: &Change<'_>, query: &SavedQuery) -> Result<()> {
    let sql = "SELECT 1 FROM saved_queries WHERE owner_id = ? AND lower(name) = lower(?) AND id <> ?";
    match change.exists(sql, [&query.owner_id, &query.name, &query.id])? {
        true => Err(StoreError::Conflict(format!("There is already a saved query named {}", ident::repr(&query.name)))),
        false => Ok(()),
    }
}
