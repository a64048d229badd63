//! Descriptions of columns.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result};
use crate::engine::{self, params};

#[derive(Clone, Debug)]
pub struct ColumnMetadata {
    /// The id or name of the table.
    pub table: String,
    pub column: String,
    pub basetype: Option<String>,
    pub description: Option<String>,
    pub confidence: Option<String>,
    pub source: Option<String>,
    pub updated_at: Option<Timestamp>,
}

/// What is known about columns, by table and column.
#[derive(Debug, Default)]
pub struct Descriptions(HashMap<String, BTreeMap<String, Arc<ColumnMetadata>>>);

impl Descriptions {
    pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Self> {
        let columns: Vec<ColumnMetadata> = reader.list(
            "SELECT table_id, column_name, basetype, description, confidence, source, epoch_us(updated_at)
             FROM column_metadata",
            [],
            read_row!(as ColumnMetadata {
                table, column, basetype, description, confidence, source, updated_at: row::time
            }),
        )?;
        let mut loaded = Self::default();
        for column in columns {
            let table = loaded.0.entry(column.table.clone()).or_default();
            table.insert(column.column.clone(), Arc::new(column));
        }
        Ok(loaded)
    }

    /// Of a table, in order of column names. Older rows name a table by its name; those with its id take precedence.
    pub fn of_table(&self, id: &str, name: &str) -> Vec<Arc<ColumnMetadata>> {
        let mut columns = self.0.get(name).cloned().unwrap_or_default();
        columns.extend(self.0.get(id).into_iter().flatten().map(|(column, about)| (column.clone(), Arc::clone(about))));
        columns.into_values().collect()
    }

    /// What is said about columns of a table, by their names in lower case.
    pub fn texts(&self, id: &str, name: &str) -> HashMap<String, String> {
        let columns = self.of_table(id, name);
        let texts = columns.iter().filter_map(|of| Some((of.column.to_lowercase(), of.description.clone()?)));
        texts.filter(|(_, text)| !text.is_empty()).collect()
    }
}

/// Stores what is known about a column, in place of what was.
pub fn put(change: &Change<'_>, metadata: &ColumnMetadata) -> Result<()> {
    let ColumnMetadata { table, column, basetype, description, confidence, source, .. } = metadata;
    change.run("DELETE FROM column_metadata WHERE table_id = ? AND column_name = ?", [table, column])?;
    change.run(
        "INSERT INTO column_metadata (table_id, column_name, basetype, description, confidence, source, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, make_timestamp(?::BIGINT))",
        params![table, column, basetype, description, confidence, source, change.now.as_microsecond()],
    )
}
