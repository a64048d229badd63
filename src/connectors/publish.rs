//! The last step of every extractor: the new `extract.duckdb`, with what earlier runs left carried forward.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use jiff::Timestamp;

use super::TableRequest;
use crate::base::atomic_file;
use crate::base::lock::{FileLock, LockError};
use crate::extract::typing::reasons;
use crate::extract::{self, ExtractError, RemoteAttach, RemoteView, TableMeta, data_file, parts_folder, state_file};
use crate::protocol::vocabulary::QueryMode;

/// Held while an extractor works in a source's directory; stays behind as the mark of Agnes's own extractors.
pub const LOCK: &str = ".lock";

/// A table whose parquet file this run has put in place, or found unchanged.
#[derive(Debug)]
pub struct Extracted {
    pub name: String,
    pub description: Option<String>,
    pub rows: i64,
    /// For a table that stays at its source.
    pub remote: Option<RemoteView>,
}

impl Extracted {
    pub fn of(request: &TableRequest, rows: i64, remote: Option<RemoteView>) -> Self {
        Self { name: request.name.clone(), description: request.description.clone(), rows, remote }
    }
}

/// Writes `extract.duckdb` of the source in `directory`.
///
/// Remote tables are those of this run. Other tables of earlier runs stay, with their old time, as long as their file is
/// there and `keep`, if given, names them; the files of dropped tables are deleted afterwards.
pub fn publish(
    directory: &Path,
    extracted: Vec<Extracted>,
    keep: Option<&HashSet<String>>,
    attach: Option<&RemoteAttach>,
    at: Timestamp,
) -> Result<(), ExtractError> {
    let mut tables: BTreeMap<String, TableMeta> = BTreeMap::new();
    let mut dropped = Vec::new();
    // An unreadable earlier extract loses nothing that is not fetched again: the parquet files stay.
    let earlier = extract::read(directory).map(|extract| extract.tables).unwrap_or_default();
    for table in earlier {
        if keep.is_some_and(|keep| !keep.contains(&table.table_name)) {
            dropped.push(table.table_name);
        } else if table.query_mode == QueryMode::Local && bytes(directory, &table.table_name).is_some() {
            tables.insert(table.table_name.clone(), table);
        }
    }
    let mut views = HashMap::new();
    for table in extracted {
        let query_mode = if table.remote.is_some() { QueryMode::Remote } else { QueryMode::Local };
        views.extend(table.remote.map(|view| (table.name.clone(), view)));
        let size_bytes = bytes(directory, &table.name).and_then(|bytes| i64::try_from(bytes).ok()).unwrap_or_default();
        let meta = TableMeta {
            table_name: table.name.clone(),
            description: table.description,
            rows: table.rows,
            size_bytes,
            extracted_at: Some(at),
            query_mode,
        };
        tables.insert(table.name, meta);
    }
    let tables: Vec<TableMeta> = tables.into_values().collect();
    extract::write_with_remote(directory, &tables, attach.filter(|_| !views.is_empty()), &views)?;
    for name in dropped {
        tracing::info!(table = name, "no longer registered, so it was dropped");
        remove_data(directory, &name)?;
    }
    Ok(())
}

/// Returns the size of a table's file, or of its parts together; `None` if there is neither.
fn bytes(directory: &Path, table: &str) -> Option<u64> {
    let size = |path: &Path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
    size(&data_file(directory, table)).or_else(|| {
        let parts = std::fs::read_dir(parts_folder(directory, table)).ok()?;
        parts.filter_map(|entry| size(&entry.ok()?.path())).reduce(|sum, size| sum + size)
    })
}

fn remove_data(directory: &Path, table: &str) -> std::io::Result<()> {
    atomic_file::remove(&data_file(directory, table))?;
    atomic_file::remove(&state_file(directory, table))?;
    reasons::remove(directory, table)?;
    atomic_file::remove_directory(&parts_folder(directory, table))
}

/// Drops the tables that `keep` does not name from a source that Agnes's own extractors write, and returns their names.
/// Other sources stay as they are, and so does a source that is being extracted.
pub fn prune(directory: &Path, keep: &HashSet<String>) -> Result<Vec<String>, PruneError> {
    let lock = directory.join(LOCK);
    if !lock.exists() || !directory.join(extract::DATABASE).is_file() {
        return Ok(Vec::new());
    }
    let _lock = FileLock::acquire(&lock)?;
    let tables = extract::read(directory)?.tables.into_iter().map(|table| table.table_name);
    let dropped: Vec<String> = tables.filter(|table| !keep.contains(table)).collect();
    if dropped.is_empty() {
        return Ok(dropped);
    }
    extract::remove(directory, &dropped)?;
    for name in &dropped {
        remove_data(directory, name).map_err(ExtractError::from)?;
    }
    Ok(dropped)
}

#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    #[error("the source is being extracted ({0})")]
    Busy(#[from] LockError),
    #[error(transparent)]
    Extract(#[from] ExtractError),
}
