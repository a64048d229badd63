//! Writing `extract.duckdb`: a new one is built and then renamed over the old one.

use std::collections::HashMap;
use std::path::Path;

use super::{DATABASE, ExtractError, RemoteAttach, TableMeta, data_file, parts_folder};
use crate::base::atomic_file::Pending;
use crate::base::ident;
use crate::engine::{self, Connection, Limits, params};
use crate::protocol::vocabulary::QueryMode;

/// A table that stays at its source, for the view that shows it.
#[derive(Clone, Debug)]
pub struct RemoteView {
    /// Its schema in the attached catalog.
    pub schema: String,
    pub table: String,
    /// Names and types, so that the view can be created while the source is not attached.
    pub columns: Vec<(String, String)>,
}

/// Writes the database of a source without remote tables.
pub fn write(directory: &Path, tables: &[TableMeta]) -> Result<(), ExtractError> {
    write_with_remote(directory, tables, None, &HashMap::new())
}

/// Writes the database of the source in `directory`: `_meta` and, for each local table, a view over its parquet file or
/// else over the parts in its folder, which must already be there.
///
/// Each remote table needs an entry in `views`, and `attach` says where they are.
pub fn write_with_remote(
    directory: &Path,
    tables: &[TableMeta],
    attach: Option<&RemoteAttach>,
    views: &HashMap<String, RemoteView>,
) -> Result<(), ExtractError> {
    let directory = std::path::absolute(directory)?;
    let pending = Pending::beside(&directory.join(DATABASE))?;
    let connection = engine::open(pending.path(), &Limits::small())?;
    connection.execute_batch(
        "BEGIN; CREATE TABLE _meta (table_name VARCHAR NOT NULL, description VARCHAR, rows BIGINT, size_bytes BIGINT,
                             extracted_at TIMESTAMP, query_mode VARCHAR DEFAULT 'local')",
    )?;
    if let Some(attach) = attach {
        connection.execute_batch(
            "CREATE TABLE _remote_attach (alias VARCHAR, extension VARCHAR, url VARCHAR, token_env VARCHAR)",
        )?;
        connection.execute(
            "INSERT INTO _remote_attach VALUES (?, ?, ?, ?)",
            params![attach.alias, attach.extension, attach.url, attach.token_env],
        )?;
    }
    for table in tables {
        connection.execute(
            "INSERT INTO _meta VALUES (?, ?, ?, ?, make_timestamp(?::BIGINT), ?)",
            params![
                table.table_name,
                table.description,
                table.rows,
                table.size_bytes,
                table.extracted_at.map(|at| at.as_microsecond()),
                table.query_mode.as_str()
            ],
        )?;
        if table.query_mode == QueryMode::Local {
            let (file, view) = (data_file(&directory, &table.table_name), ident::quote_ident(&table.table_name));
            let parts = parts_folder(&directory, &table.table_name);
            let rows = match file.is_file() {
                true => format!("read_parquet({})", ident::quote_path(&file)),
                false => format!("read_parquet({}, union_by_name = true)", ident::quote_path(&parts.join("*.parquet"))),
            };
            connection.execute_batch(&format!("CREATE VIEW {view} AS SELECT * FROM {rows}"))?;
        }
    }
    connection.execute_batch("COMMIT")?;
    if let Some(attach) = attach {
        create_views(&connection, tables, attach, views)?;
    }
    put_in_place(connection, pending)
}

/// Closes a database that was written beside its target, and replaces the target.
pub fn put_in_place(connection: Connection, pending: Pending) -> Result<(), ExtractError> {
    connection.execute_batch("CHECKPOINT")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(pending.commit()?)
}

/// Removes tables from the database of a source; the rest is unchanged.
pub fn remove(directory: &Path, tables: &[String]) -> Result<(), ExtractError> {
    let path = directory.join(DATABASE);
    let pending = Pending::beside(&path)?;
    std::fs::copy(&path, pending.path())?;
    let connection = engine::open(pending.path(), &Limits::small())?;
    for table in tables {
        connection.execute("DELETE FROM _meta WHERE table_name = ?", [table])?;
        connection.execute_batch(&format!("DROP VIEW IF EXISTS {}", ident::quote_ident(table)))?;
    }
    put_in_place(connection, pending)
}

/// The engine binds a view when it is created, so an empty catalog of the same shape replaces the source.
fn create_views(
    connection: &Connection,
    tables: &[TableMeta],
    attach: &RemoteAttach,
    views: &HashMap<String, RemoteView>,
) -> Result<(), ExtractError> {
    let alias = ident::quote_ident(&attach.alias);
    connection.execute_batch(&format!("ATTACH ':memory:' AS {alias}"))?;
    for table in tables.iter().filter(|table| table.query_mode == QueryMode::Remote) {
        let Some(RemoteView { schema, table: name, columns }) = views.get(&table.table_name) else { continue };
        let (schema, name, view) =
            (ident::quote_ident(schema), ident::quote_ident(name), ident::quote_ident(&table.table_name));
        let columns: Vec<_> =
            columns.iter().map(|(name, kind)| format!("{} {kind}", ident::quote_ident(name))).collect();
        connection.execute_batch(&format!(
            "CREATE SCHEMA IF NOT EXISTS {alias}.{schema};
             CREATE TABLE IF NOT EXISTS {alias}.{schema}.{name} ({});
             CREATE VIEW {view} AS SELECT * FROM {alias}.{schema}.{name}",
            columns.join(", ")
        ))?;
    }
    connection.execute_batch(&format!("DETACH {alias}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time;
    use crate::extract;

    #[test]
    fn what_is_written_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("it's a source");
        std::fs::create_dir_all(source.join("data")).unwrap();
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let file = ident::quote_path(&data_file(&source, "orders"));
        connection.execute_batch(&format!("COPY (SELECT 1 AS a) TO {file} (FORMAT parquet)")).unwrap();
        let table = TableMeta {
            table_name: "orders".into(),
            description: Some("d".into()),
            rows: 1,
            size_bytes: 100,
            extracted_at: Some(time::now()),
            query_mode: "local".into(),
        };
        write(&source, std::slice::from_ref(&table)).unwrap();
        let read = extract::read(&source).unwrap();
        assert_eq!(read.tables, [table]);
        assert!(read.objects.contains("orders"));
        assert!(!source.join("extract.duckdb.wal").exists());
    }

    #[test]
    fn a_database_without_meta_is_named() {
        let dir = tempfile::tempdir().unwrap();
        engine::open(&dir.path().join(DATABASE), &Limits::small())
            .unwrap()
            .execute_batch("CREATE TABLE x (i INT)")
            .unwrap();
        assert!(matches!(extract::read(dir.path()), Err(ExtractError::NoMeta(_))));
    }
}
