//! The types of a table's columns, with their reasons.

use std::io;

use serde_json::json;

use super::rules;
use crate::access::Admin;
use crate::config::DataDir;
use crate::connectors::Sources;
use crate::domain::{Error, Result, write_as};
use crate::extract::typing::{Declared, Reason, reasons};
use crate::extract::{Publication, parquet};
use crate::protocol::file_format::{FileFormat, FormatChanges};
use crate::protocol::registry::{ColumnType, DeclaredFormat, TableTypes};
use crate::protocol::vocabulary::SourceType;
use crate::store::audit::{self, Action};
use crate::store::{Snapshot, Store, registry};

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

/// Changes what is declared for a table. The changes are made to what is stored then, so that two admins who change
/// different columns at the same time both have their way.
pub async fn change_format(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
    id: String,
    changes: FormatChanges,
) -> Result<DeclaredFormat> {
    let (actor, sources) = (admin.actor(), sources.clone());
    let written = write_as(store, admin.clone(), move |change| {
        let mut table = registry::get(change, &id)?;
        let file_format = rules::changed_format(table.file_format.take(), changes)?;
        table.file_format = file_format.clone().or_none();
        rules::row(&sources, &table)?;
        registry::update(change, &table)?;
        let details = json!({ "file_format": file_format, "updated_fields": ["file_format"] });
        audit::record(change, &actor, Action::TableUpdate, &id, details)?;
        Ok(DeclaredFormat { id, name: table.name, file_format })
    });
    written.await
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
