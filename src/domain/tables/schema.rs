use std::collections::HashMap;

use super::{description, flavor, size};
use crate::access::ReadableTable;
use crate::protocol::v2::{SchemaColumn, TableSchema};
use crate::store::Snapshot;

/// Returns the columns of a table, as of its publication, with what people have written about them.
pub fn schema(snapshot: &Snapshot, table: &ReadableTable) -> TableSchema {
    let described = snapshot.descriptions.of_table(table.id(), &table.table().name);
    let texts = described.iter().filter_map(|of| Some((of.column.to_lowercase(), of.description.clone()?)));
    let mut texts: HashMap<String, String> = texts.collect();
    let columns = table.table().columns.iter().map(|column| SchemaColumn {
        name: column.name.clone(),
        column_type: column.column_type.clone(),
        nullable: true,
        description: texts.remove(&column.name.to_lowercase()).unwrap_or_default(),
    });
    let columns = columns.collect();
    let size = size(table);
    TableSchema {
        table_id: table.id().to_owned(),
        source_type: table.source_type().clone(),
        sql_flavor: flavor(table.source_type(), table.query_mode()),
        columns,
        partition_by: None,
        clustered_by: Vec::new(),
        where_dialect_hints: Default::default(),
        description: description(snapshot.registry.get(table.id()).map(AsRef::as_ref), Some(table)),
        rows: size.map(|(rows, _)| rows),
        size_bytes: size.map(|(_, bytes)| bytes),
    }
}
