use super::described::{self, description};
use super::{flavor, size};
use crate::access::ReadableTable;
use crate::openmetadata::OpenMetadata;
use crate::protocol::v2::{SchemaColumn, TableSchema};
use crate::store::Snapshot;

/// Returns the columns of a table, as of its publication, with what people have written about them.
pub fn schema(snapshot: &Snapshot, table: &ReadableTable, openmetadata: &OpenMetadata) -> TableSchema {
    let about = openmetadata.about(table.id());
    let mut texts = described::columns(snapshot, table.id(), &table.table().name, about.as_deref());
    let columns = table.table().columns.iter().map(|column| SchemaColumn {
        name: column.name.clone(),
        column_type: column.column_type.clone(),
        nullable: true,
        description: texts.remove(&column.name.to_lowercase()).unwrap_or_default(),
    });
    let columns = columns.collect();
    let size = size(table);
    let registered = snapshot.registry.get(table.id()).map(AsRef::as_ref);
    TableSchema {
        table_id: table.id().to_owned(),
        source_type: table.source_type().clone(),
        sql_flavor: flavor(table.source_type(), table.query_mode()),
        columns,
        partition_by: None,
        clustered_by: Vec::new(),
        where_dialect_hints: Default::default(),
        description: description(registered, Some(table.table()), about.as_deref()),
        rows: size.map(|(rows, _)| rows),
        size_bytes: size.map(|(_, bytes)| bytes),
    }
}
