//! What is known of columns besides their data.

use crate::engine::{self, Connection};

#[derive(Clone, Debug)]
pub struct ColumnMetadata {
    pub column: String,
    pub basetype: Option<String>,
    pub description: Option<String>,
}

/// Of a table, by its id or name: older rows name it either way.
pub fn of_table(connection: &Connection, id: &str, name: &str) -> engine::Result<Vec<ColumnMetadata>> {
    connection
        .prepare(
            "SELECT column_name, basetype, description FROM column_metadata WHERE table_id IN (?, ?)
             ORDER BY column_name",
        )?
        .query_map([id, name], |row| {
            Ok(ColumnMetadata { column: row.get(0)?, basetype: row.get(1)?, description: row.get(2)? })
        })?
        .collect()
}
