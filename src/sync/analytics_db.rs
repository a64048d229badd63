//! `analytics/server.duckdb`: one view per published table, and the facts about each in `_published`. Views and facts change
//! together, by one rename.

use std::collections::HashMap;
use std::path::Path;

use crate::base::atomic_file::Pending;
use crate::base::{ident, time};
use crate::config::DataDir;
use crate::engine::{self, Connection, Limits, params};
use crate::extract::{self, Column, Content, ExtractError, Part, PublishedFile, PublishedTable};

/// Facts about tables, and about the files that hold their rows (`part` is null for the only file of a table).
const SCHEMA: &str = "
    CREATE TABLE _published (name VARCHAR, source VARCHAR, description VARCHAR, kind VARCHAR, rows BIGINT,
                             extracted_at TIMESTAMP, origin VARCHAR, remote JSON);
    CREATE TABLE _published_files (name VARCHAR, part VARCHAR, file VARCHAR, hash VARCHAR, size_bytes UBIGINT,
                                   rows BIGINT);
    CREATE TABLE _published_columns (name VARCHAR, position BIGINT, column_name VARCHAR, type VARCHAR)";

/// Columns by the name of their table.
type Columns = HashMap<String, Vec<Column>>;

/// Also finds the columns of the tables that have files.
pub(super) fn write(data_dir: &DataDir, tables: &mut [PublishedTable]) -> Result<(), ExtractError> {
    let pending = Pending::beside(&data_dir.analytics_db())?;
    let connection = engine::open(pending.path(), &Limits::small())?;
    connection.execute_batch(&format!("BEGIN; {SCHEMA}"))?;
    for table in &*tables {
        let (kind, remote, files) = match &table.content {
            Content::File(file) => ("file", None, vec![(None, file, table.rows)]),
            Content::Parts(parts) => {
                ("parts", None, parts.iter().map(|part| (Some(&part.name), &part.file, part.rows)).collect())
            }
            Content::Remote(remote) => ("remote", serde_json::to_string(remote).ok(), Vec::new()),
        };
        connection.execute(
            "INSERT INTO _published VALUES (?, ?, ?, ?, ?, make_timestamp(?::BIGINT), ?, ?)",
            params![
                table.name,
                table.source,
                table.description,
                kind,
                table.rows,
                table.extracted_at.map(|at| at.as_microsecond()),
                table.origin,
                remote
            ],
        )?;
        if matches!(table.content, Content::Remote(_)) {
            continue;
        }
        for (part, file, rows) in files {
            let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned());
            let values = params![table.name, part, name, file.hash, file.size_bytes, rows];
            connection.execute("INSERT INTO _published_files VALUES (?, ?, ?, ?, ?, ?)", values)?;
        }
        let (view, files) = (ident::quote_ident(&table.name), table.files().map(|file| file.path.as_path()));
        connection
            .execute_batch(&format!("CREATE VIEW {view} AS SELECT * FROM {}", extract::parquet::read_files(files)))?;
    }
    let mut columns = of_views(&connection)?;
    for table in tables {
        if let Some(columns) = columns.remove(&table.name) {
            table.columns = columns.into();
        }
        write_columns(&connection, table)?;
    }
    connection.execute_batch("COMMIT")?;
    extract::put_in_place(connection, pending)
}

fn of_views(connection: &Connection) -> engine::Result<Columns> {
    read_columns(
        connection,
        "SELECT table_name, column_name, data_type FROM duckdb_columns()
             WHERE NOT internal AND database_name = current_database() ORDER BY table_name, column_index",
    )
}

fn read_columns(connection: &Connection, sql: &str) -> engine::Result<Columns> {
    let mut columns = Columns::new();
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        columns.entry(row.get(0)?).or_default().push(Column { name: row.get(1)?, column_type: row.get(2)? });
    }
    Ok(columns)
}

fn write_columns(connection: &Connection, table: &PublishedTable) -> engine::Result<()> {
    let mut appender = connection.appender("_published_columns")?;
    for (position, column) in table.columns.iter().enumerate() {
        appender.append_row(params![table.name, position as i64, column.name, column.column_type])?;
    }
    appender.flush()
}

/// Returns what was last published, without tables whose file is gone. Databases of v0.35 have no such facts: then nothing
/// is published until the first rebuild.
pub(super) fn read(data_dir: &DataDir) -> Vec<PublishedTable> {
    let path = data_dir.analytics_db();
    if !path.exists() {
        return Vec::new();
    }
    try_read(&path, &data_dir.published()).unwrap_or_else(|error| {
        tracing::info!(error = engine::message(&error), "the previous publication cannot be read and will be rebuilt");
        Vec::new()
    })
}

fn try_read(path: &Path, published: &Path) -> engine::Result<Vec<PublishedTable>> {
    let connection = engine::open_read_only(path, &Limits::small())?;
    let mut parts: HashMap<String, Vec<Part>> = HashMap::new();
    let columns = "SELECT name, column_name, type FROM _published_columns ORDER BY name, position";
    // Earlier versions did not record them.
    let mut columns = read_columns(&connection, columns).unwrap_or_default();
    let mut statement = connection
        .prepare("SELECT name, coalesce(part, ''), file, hash, size_bytes, rows FROM _published_files ORDER BY part")?;
    let mut files = statement.query([])?;
    while let Some(row) = files.next()? {
        let file = PublishedFile {
            path: published.join(row.get::<_, String>(2)?),
            hash: row.get(3)?,
            size_bytes: row.get(4)?,
        };
        parts.entry(row.get(0)?).or_default().push(Part { name: row.get(1)?, file, rows: row.get(5)? });
    }
    let tables: Vec<PublishedTable> = connection
        .prepare("SELECT name, source, description, kind, rows, epoch_us(extracted_at), origin, remote::VARCHAR FROM _published")?
        .query_map([], |row| {
            let name: String = row.get(0)?;
            let mut parts = parts.remove(&name).unwrap_or_default();
            let content = match row.get::<_, String>(3)?.as_str() {
                "remote" => match row.get::<_, Option<String>>(7)?.and_then(|text| serde_json::from_str(&text).ok()) {
                    Some(remote) => Content::Remote(remote),
                    None => Content::Parts(Vec::new()),
                },
                "file" if parts.len() == 1 => Content::File(parts.swap_remove(0).file),
                _ => Content::Parts(parts),
            };
            Ok(PublishedTable {

                source: row.get(1)?,
                description: row.get(2)?,
                content,
                rows: row.get(4)?,
                columns: columns.remove(&name).unwrap_or_default().into(),
                extracted_at: row.get::<_, Option<i64>>(5)?.map(time::from_micros),
                origin: row.get(6)?,
                name,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(tables.into_iter().filter(|table| table.files().all(is_there)).collect())
}

fn is_there(file: &PublishedFile) -> bool {
    std::fs::metadata(&file.path).is_ok_and(|metadata| metadata.len() == file.size_bytes)
}
