//! The table registry: what is synced from where, and under which id it is granted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError, file_format, grants, sync_options, sync_state};
use crate::engine::{self, params};
use crate::protocol::file_format::FileFormat;
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};

/// A registered table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What grants name.
    pub id: String,
    /// Name of the view, of the file and in the manifest.
    pub name: String,
    pub source_type: Option<SourceType>,
    pub bucket: Option<String>,
    pub source_table: Option<String>,
    pub source_query: Option<String>,
    pub sync_strategy: Option<SyncStrategy>,
    pub sync_options: Option<SyncOptions>,
    /// How the files are read.
    pub file_format: Option<FileFormat>,
    pub query_mode: Option<QueryMode>,
    pub sync_schedule: Option<String>,
    pub profile_after_sync: bool,
    pub primary_key: Vec<String>,
    pub folder: Option<String>,
    pub description: Option<String>,
    pub registered_by: Option<String>,
    pub registered_at: Option<Timestamp>,
}

impl Table {
    /// The source that fetches the table: the folder of files where none is named; BigQuery for SQL, since versions
    /// without source types had no other source that runs it.
    pub fn source(&self) -> &SourceType {
        match &self.source_type {
            Some(source) if !source.is_empty() => source,
            _ if self.is_materialized() => &SourceType::BIGQUERY,
            _ => &SourceType::LOCAL,
        }
    }

    /// How the table is queried: local unless the row says otherwise.
    pub fn mode(&self) -> &QueryMode {
        match &self.query_mode {
            Some(mode) if !mode.as_str().is_empty() => mode,
            _ => &QueryMode::Local,
        }
    }

    pub fn is_materialized(&self) -> bool {
        *self.mode() == QueryMode::Materialized
    }
}

#[derive(Debug, Default)]
pub struct Registry {
    by_id: BTreeMap<String, Arc<Table>>,
    /// By lower-cased name; of names that differ in case only the first registered wins.
    by_name: HashMap<String, Arc<Table>>,
}

const COLUMNS: &str = "id, name, source_type, bucket, source_table, source_query, sync_strategy, query_mode,
    sync_schedule, coalesce(profile_after_sync, true), primary_key, folder, description, registered_by,
    epoch_us(registered_at), sync_options::VARCHAR, file_format::VARCHAR";

fn table(row: &engine::Row<'_>) -> engine::Result<Table> {
    read_row!(row => Table {
        id, name, source_type: row::optional_word, bucket, source_table, source_query, sync_strategy: row::optional_word,
        query_mode: row::optional_word, sync_schedule, profile_after_sync, primary_key: read_primary_key, folder,
        description, registered_by, registered_at: row::time, sync_options: read_sync_options,
        file_format: read_file_format
    })
}

fn read_primary_key(row: &engine::Row<'_>, index: usize) -> engine::Result<Vec<String>> {
    Ok(primary_key(row.get::<_, Option<String>>(index)?.as_deref()))
}

fn read_sync_options(row: &engine::Row<'_>, index: usize) -> engine::Result<Option<SyncOptions>> {
    Ok(row.get::<_, Option<String>>(index)?.and_then(|text| sync_options::read(&text)))
}

fn read_file_format(row: &engine::Row<'_>, index: usize) -> engine::Result<Option<FileFormat>> {
    Ok(row.get::<_, Option<String>>(index)?.and_then(|text| file_format::read(&text)))
}

/// Column names from their stored text: a JSON list; older rows hold `a,b`, `['a', 'b']` or one name.
fn primary_key(stored: Option<&str>) -> Vec<String> {
    let Some(text) = stored.map(str::trim).filter(|text| !text.is_empty()) else { return Vec::new() };
    if let Ok(names) = serde_json::from_str(text) {
        return names;
    }
    text.trim_matches(['[', ']'])
        .split(',')
        .map(|name| name.trim().trim_matches(['\'', '"']).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

impl Registry {
    pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Self> {
        let tables: Vec<Table> =
            reader.list(&format!("SELECT {COLUMNS} FROM table_registry ORDER BY registered_at DESC"), [], table)?;
        let mut loaded = Self::default();
        for table in tables.into_iter().map(Arc::new) {
            loaded.by_name.insert(table.name.to_lowercase(), Arc::clone(&table));
            loaded.by_id.insert(table.id.clone(), table);
        }
        Ok(loaded)
    }

    pub fn get(&self, id: &str) -> Option<&Arc<Table>> {
        self.by_id.get(id)
    }

    /// Without regard to case.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Table>> {
        self.by_name.get(&name.to_lowercase())
    }

    /// In order of their names.
    pub fn all(&self) -> Vec<&Arc<Table>> {
        let mut tables: Vec<_> = self.by_id.values().collect();
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        tables
    }
}

/// Adds a row; id and name (without regard to case) must be free.
pub fn insert(change: &Change<'_>, table: &Table) -> Result<()> {
    if change.exists("SELECT 1 FROM table_registry WHERE lower(id) = lower(?)", [&table.id])? {
        return Err(StoreError::Conflict(format!("Table '{}' already registered", table.id)));
    }
    name_is_free(change, table)?;
    write(change, table, change.now)
}

/// Replaces the row with the same id, keeping who registered it and when.
pub fn update(change: &Change<'_>, table: &Table) -> Result<()> {
    let stored = get(change, &table.id)?;
    name_is_free(change, table)?;
    change.run("DELETE FROM table_registry WHERE id = ?", [&table.id])?;
    let kept = Table { registered_by: stored.registered_by, ..table.clone() };
    write(change, &kept, stored.registered_at.unwrap_or(change.now))
}

/// Removes a row with its sync state and grants, and returns it.
pub fn delete(change: &Change<'_>, id: &str) -> Result<Table> {
    let table = get(change, id)?;
    change.run("DELETE FROM table_registry WHERE id = ?", [id])?;
    change.run("DELETE FROM table_profiles WHERE table_id = ?", [&table.name])?;
    sync_state::forget(change, &table.name)?;
    grants::delete_for_table(change, id)?;
    Ok(table)
}

/// All rows, as of this transaction.
pub fn all(change: &Change<'_>) -> Result<Vec<Table>> {
    Ok(change.list(&format!("SELECT {COLUMNS} FROM table_registry"), [], table)?)
}

/// The row with that id, as of this transaction.
pub fn get(change: &Change<'_>, id: &str) -> Result<Table> {
    change
        .find(&format!("SELECT {COLUMNS} FROM table_registry WHERE id = ?"), [id], table)?
        .ok_or_else(|| StoreError::NotFound("Table not found".into()))
}

fn name_is_free(change: &Change<'_>, table: &Table) -> Result<()> {
    let taken: Option<String> = change.find(
        "SELECT id FROM table_registry WHERE lower(name) = lower(?) AND id <> ?",
        [&table.name, &table.id],
        |row| row.get(0),
    )?;
    match taken {
        Some(id) => {
            Err(StoreError::Conflict(format!("View name '{}' is already in use by table id '{id}'", table.name)))
        }
        None => Ok(()),
    }
}

fn write(change: &Change<'_>, table: &Table, registered_at: Timestamp) -> Result<()> {
    let key = (!table.primary_key.is_empty()).then(|| serde_json::json!(table.primary_key).to_string());
    change.run(
        "INSERT INTO table_registry (id, name, source_type, bucket, source_table, source_query, sync_strategy,
            query_mode, sync_schedule, profile_after_sync, primary_key, folder, description, registered_by,
            registered_at, sync_options, file_format)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, make_timestamp(?::BIGINT), ?, ?)",
        params![
            table.id,
            table.name,
            table.source_type.as_ref().map(SourceType::as_str),
            table.bucket,
            table.source_table,
            table.source_query,
            table.sync_strategy.as_ref().map(SyncStrategy::as_str),
            table.query_mode.as_ref().map(QueryMode::as_str),
            table.sync_schedule,
            table.profile_after_sync,
            key,
            table.folder,
            table.description,
            table.registered_by,
            registered_at.as_microsecond(),
            table.sync_options.clone().map(sync_options::write),
            table.file_format.clone().map(file_format::write)
        ],
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn primary_key_in_every_stored_form() {
        for stored in [r#"["a","b"]"#, "a,b", "['a', 'b']", " a , b "] {
            assert_eq!(super::primary_key(Some(stored)), ["a", "b"], "{stored}");
        }
        assert_eq!(super::primary_key(Some("id")), ["id"]);
        assert!(super::primary_key(Some("[]")).is_empty());
        assert!(super::primary_key(None).is_empty());
    }
}
