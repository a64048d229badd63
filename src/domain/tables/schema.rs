use std::collections::HashMap;

use super::{description, flavor, size};
use crate::access::ReadableTable;
use crate::domain::Result;
use crate::protocol::v2::{SchemaColumn, TableSchema};
use crate::store::{Store, column_metadata};

/// Returns the columns of a table, as of its publication, with what people have written about them.
pub async fn schema(store: &Store, table: &ReadableTable) -> Result<TableSchema> {
    let (id, name) = (table.id().to_owned(), table.table().name.clone());
    let metadata = store.read(move |reader| column_metadata::of_table(reader, &id, &name)).await?;
    let texts = metadata.into_iter().filter_map(|of| Some((of.column.to_lowercase(), of.description?)));
    let mut texts: HashMap<String, String> = texts.collect();
    let columns = table.table().columns.iter().map(|column| SchemaColumn {
        name: column.name.clone(),
        column_type: column.column_type.clone(),
        nullable: true,
        description: texts.remove(&column.name.to_lowercase()).unwrap_or_default(),
    });
    let columns = columns.collect();
    let (snapshot, size) = (store.snapshot(), size(table));
    Ok(TableSchema {
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
    })
}
