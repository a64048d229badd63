//! The types of a table's columns, with their reasons.

use std::io;

use crate::access::Admin;
use crate::config::DataDir;
use crate::domain::{Error, Result};
use crate::extract::typing::{Declared, Reason, reasons};
use crate::extract::{Publication, parquet};
use crate::protocol::file_format::FileFormat;
use crate::protocol::registry::{ColumnType, TableTypes};
use crate::protocol::vocabulary::SourceType;
use crate::store::Snapshot;

/// Returns the types that the last sync gave the columns of a table, why, and what the next one will apply.
pub async fn table_types(
    snapshot: &Snapshot,
    publication: &Publication,
    data_dir: &DataDir,
    _: &Admin,
    id: &str,
) -> Result<TableTypes> {
    let table = snapshot.registry.get(id).ok_or_else(|| Error::not_found("Table not found"))?.clone();
    let published = publication.get(&table.name).cloned();
    let source = published.as_ref().map_or(table.source().as_str(), |published| &published.source).to_owned();
    let is_of_files = source == SourceType::LOCAL.as_str();
    let (name, directory) = (table.name.clone(), data_dir.extract(&source));
    let read = move || -> Result<Vec<ColumnType>> {
        let reasons = reasons::kept(&directory, &name);
        if !reasons.is_empty() {
            return Ok(reasons.into_iter().map(column).collect());
        }
        let files: Vec<_> = published.iter().flat_map(|published| published.files()).map(|file| &*file.path).collect();
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let columns = parquet::columns(files.into_iter()).map_err(io::Error::other)?;
        Ok(columns.into_iter().map(|(name, kind)| of_source(name, kind, &source)).collect())
    };
    let mut columns = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
    if is_of_files {
        compare(&mut columns, table.file_format.as_ref());
    }
    let (id, name, file_format) = (table.id.clone(), table.name.clone(), table.file_format.clone());
    Ok(TableTypes { id, name, file_format, columns })
}

fn column(reason: Reason) -> ColumnType {
    let (why, Reason { column, kind, is_declared, values, .. }) = (reason.why(), reason);
    ColumnType { name: column, kind: Some(kind), declared: None, is_declared, values, why }
}

/// A column of a table that is not made from texts.
fn of_source(name: String, kind: String, source: &str) -> ColumnType {
    let why = format!("the type that {source} delivers");
    ColumnType { name, kind: Some(kind), declared: None, is_declared: false, values: None, why }
}

/// Adds what is declared, and where that differs from what the last sync applied.
fn compare(columns: &mut Vec<ColumnType>, format: Option<&FileFormat>) {
    let sql = |declared: &str| declared.parse::<Declared>().ok().map(|declared| declared.kind.sql());
    for column in columns.iter_mut() {
        let declared = format.and_then(|format| format.declared(&column.name));
        column.why = match declared {
            Some((_, declared)) if column.is_declared && sql(declared) == column.kind => {
                format!("declared as {declared}")
            }
            Some((_, declared)) => {
                format!("{}; declared as {declared}, which the next sync applies", column.why)
            }
            None if column.is_declared => "it was declared; the next sync finds the type from the values".into(),
            None => continue,
        };
        column.declared = declared.map(|(_, declared)| declared.to_owned());
    }
    let missing = if columns.is_empty() { "the table has no data yet" } else { "but the table has no such column" };
    let known: Vec<_> = columns.iter().map(|column| column.name.to_lowercase()).collect();
    let unknown = format.into_iter().flat_map(|format| &format.columns);
    columns.extend(unknown.filter(|(name, _)| !known.contains(&name.to_lowercase())).map(|(name, declared)| {
        ColumnType {
            name: name.clone(),
            kind: None,
            declared: Some(declared.clone()),
            is_declared: false,
            values: None,
            why: format!("declared as {declared}, {missing}"),
        }
    }));
}
