//! What is known about the columns of tables beside their types.

use serde_json::json;

use crate::access::{Admin, Principal, holds};
use crate::base::time;
use crate::domain::{Error, Result, write_as};
use crate::protocol::metadata::{ColumnMetadata, DescribeColumns, TableMetadata};
use crate::store::audit::{self, Action};
use crate::store::{Snapshot, Store, column_metadata};

/// Returns what is known about the columns of a table, which is named by its id or name and need not exist.
pub fn get_metadata(snapshot: &Snapshot, caller: &Principal, table: &str) -> Result<TableMetadata> {
    if !holds(snapshot, caller, table) {
        return Err(Error::Forbidden(format!("Access denied to table '{table}'")));
    }
    let row = snapshot.registry.get(table).or_else(|| snapshot.registry.by_name(table));
    let (id, name) = row.map_or((table, table), |row| (&row.id, &row.name));
    let columns = snapshot.descriptions.of_table(id, name);
    let columns = columns.iter().map(|column| ColumnMetadata {
        table_id: table.to_owned(),
        column_name: column.column.clone(),
        basetype: column.basetype.clone(),
        description: column.description.clone(),
        confidence: column.confidence.clone(),
        source: column.source.clone(),
        updated_at: column.updated_at.map(time::iso_naive),
    });
    Ok(TableMetadata { table_id: table.to_owned(), columns: columns.collect() })
}

/// Stores what is known about columns of a table, which need not exist. The other columns stay as they are.
pub async fn describe_columns(
    store: &Store,
    admin: &Admin,
    table: String,
    described: DescribeColumns,
) -> Result<usize> {
    for column in &described.columns {
        if column.column_name.is_empty() {
            return Err(Error::field("columns", "column_name must not be empty", json!(column)));
        }
    }
    let actor = admin.actor();
    let snapshot = store.snapshot();
    // Rows of a registered table are found by its id, whatever its name is later.
    let row = snapshot.registry.get(&table).or_else(|| snapshot.registry.by_name(&table));
    let id = row.map_or(table, |row| row.id.clone());
    let written = write_as(store, admin.clone(), move |change| {
        for column in &described.columns {
            column_metadata::put(
                change,
                &column_metadata::ColumnMetadata {
                    table: id.clone(),
                    column: column.column_name.clone(),
                    basetype: column.basetype.clone(),
                    description: column.description.clone(),
                    confidence: column.confidence.clone(),
                    source: described.source.clone(),
                    updated_at: None,
                },
            )?;
        }
        audit::record(change, &actor, Action::MetadataUpdate, &id, json!(described))?;
        Ok(described.columns.len())
    });
    written.await
}
