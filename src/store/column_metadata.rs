//! Descriptions of columns.

use super::Reader;
use crate::engine;

#[derive(Clone, Debug)]
pub struct ColumnMetadata {
    pub column: String,
    pub basetype: Option<String>,
    pub description: Option<String>,
}

/// Of a table, by its id or name: older rows name it either way.
pub fn of_table(reader: &Reader<'_>, id: &str, name: &str) -> engine::Result<Vec<ColumnMetadata>> {
    reader.list(
        "SELECT column_name, basetype, description FROM column_metadata WHERE table_id IN (?, ?)
             ORDER BY column_name",
        [id, name],
        |row| Ok(ColumnMetadata { column: row.get(0)?, basetype: row.get(1)?, description: row.get(2)? }),
    )
}
