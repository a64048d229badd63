//! What tables there are, and what their columns hold.

use serde_json::{Value, json};

use crate::access::{ListedTable, Principal, ReadableTable, listed_tables, visible_metrics};
use crate::base::time;
use crate::config::DataDir;
use crate::domain::{Error, Result};
use crate::extract::Publication;
use crate::openmetadata::OpenMetadata;
use crate::protocol::catalog::{CatalogTable, CatalogTables};
use crate::protocol::vocabulary::SourceType;
use crate::store::profiles::{self, Stored};
use crate::store::{Snapshot, Store};

/// Returns the tables that the caller may read, including those that have not been published yet.
pub fn list_tables(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    openmetadata: &OpenMetadata,
) -> CatalogTables {
    let tables = listed_tables(snapshot, publication, caller).into_iter();
    let tables: Vec<_> = tables.map(|table| body(table, openmetadata)).collect();
    CatalogTables { count: tables.len(), tables }
}

fn body(table: ListedTable, openmetadata: &OpenMetadata) -> CatalogTable {
    let ListedTable { id, name, registered, .. } = table;
    let row = registered.as_deref();
    let described = row.and_then(|row| row.description.clone());
    let description = match openmetadata.description(&id) {
        Some(elsewhere) if described.as_deref().is_none_or(str::is_empty) => Some(elsewhere),
        _ => described,
    };
    CatalogTable {
        id,
        name,
        description,
        source_type: row.and_then(|row| row.source_type.clone()),
        sync_strategy: row.and_then(|row| row.sync_strategy.clone()),
        query_mode: row.and_then(|row| row.query_mode.clone()),
    }
}

/// Returns the profile of a table: what its columns hold, as of its last profiled content. If its last content could not be
/// profiled, the error says why.
pub async fn get_profile(
    store: &Store,
    data_dir: &DataDir,
    caller: &Principal,
    table: &ReadableTable,
) -> Result<Option<Value>> {
    let (name, is_saved) = (table.table().name.clone(), *table.source_type() == SourceType::SAVED_QUERIES);
    // Earlier rows may come from tables that the caller must not read.
    let version = is_saved.then(|| table.table().version());
    let users = users_of(&store.snapshot(), caller, table);
    match store.read(move |connection| profiles::get(connection, &name, version.as_deref())).await? {
        Some(Stored::Profile(mut profile, at)) => {
            profile["profiled_at"] = json!(at.map(time::iso_naive));
            profile["used_by_metrics"] = json!(users);
            Ok(Some(profile))
        }
        Some(Stored::Failure(reason)) => {
            Err(Error::NotFound(format!("{} has no profile: {reason}", table.table().name)))
        }
        None if is_saved => Ok(None),
        None => Ok(legacy_profile(data_dir, &table.table().name).await),
    }
}

/// The metrics that read the table, as far as the caller sees them.
fn users_of(snapshot: &Snapshot, caller: &Principal, table: &ReadableTable) -> Vec<Value> {
    let is_table = |name: &String| name == table.id() || name.eq_ignore_ascii_case(&table.table().name);
    let metrics = visible_metrics(snapshot, caller).filter(|metric| metric.sources.tables.iter().any(is_table));
    metrics.map(|metric| json!({ "name": metric.definition.name, "file": "" })).collect()
}

/// Returns the profile that the batch profiler of v0.35 left.
async fn legacy_profile(data_dir: &DataDir, table: &str) -> Option<Value> {
    let text = tokio::fs::read(data_dir.legacy_profiles()).await.ok()?;
    let mut legacy: Value = serde_json::from_slice(&text).ok()?;
    let tables = if legacy["tables"].is_object() { legacy["tables"].take() } else { legacy };
    tables.get(table).cloned()
}
