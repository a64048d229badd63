use super::{description, flavor, size};
use crate::access::ReadableTable;
use crate::openmetadata::OpenMetadata;
use crate::protocol::v2::{SchemaColumn, TableSchema};
use crate::store::Snapshot;

/// Returns the columns of a table, as of its publication, with what people have written about them: here, or else in
/// OpenMetadata.
pub fn schema(snapshot: &Snapshot, table: &ReadableTable, openmetadata: &OpenMetadata) -> TableSchema {
    let about = openmetadata.about(table.id());
    let mut texts = about.as_ref().map(|about| about.columns.clone()).unwrap_or_default();
    texts.extend(snapshot.descriptions.texts(table.id(), &table.table().name));
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
        description: description(snapshot.registry.get(table.id()).map(AsRef::as_ref), Some(table), about.as_deref()),
        rows: size.map(|(rows, _)| rows),
        size_bytes: size.map(|(_, bytes)| bytes),
    }
}
