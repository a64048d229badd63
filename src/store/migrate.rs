//! Bringing a state database to the current version: a new file is built beside the old one and renamed over it, so
//! that there is no half-migrated state. Tables and columns that the new version does not know are carried over unchanged.

use std::path::{Path, PathBuf};

use super::Reader;
use super::schema::{OLDEST, SINGLETONS, TABLES, VERSION};
use crate::base::atomic_file::Pending;
use crate::base::ident::{is_relaxed, quote_ident, quote_path};
use crate::base::{hash, time};
use crate::config::Instance;
use crate::engine::{self, Connection, Limits, params};

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(
        "{path} has schema version {version}, and this program takes over versions {OLDEST} and up; \
         start release v0.35 on it once, which brings it to version 24"
    )]
    TooOld { path: PathBuf, version: i32 },
    #[error("{0} has no schema version, so it is not a state database of Agnes; move it away to start with a new one")]
    Foreign(PathBuf),
    #[error(
        "the registry has materialized BigQuery tables, and migrating their SQL needs the project: \
         set data_source.bigquery.project in instance.yaml or BIGQUERY_PROJECT"
    )]
    NoProject,
    #[error("cannot migrate {path}: {}; nothing was changed, and a copy was put beside it", engine::message(.source))]
    Engine { path: PathBuf, source: engine::Error },
    #[error("cannot copy the state database before migrating it: {0}; free some disk space")]
    Copy(std::io::Error),
}

/// What a migration needs besides the database.
#[derive(Clone, Debug, Default)]
pub struct MigrationContext {
    /// `data_source.bigquery.project`, for SQL stored before version 24.
    pub bigquery_project: Option<String>,
}

impl MigrationContext {
    /// The project, if it can be written into SQL.
    fn project(&self) -> Option<&str> {
        self.bigquery_project.as_deref().filter(|project| is_relaxed(project))
    }

    /// What the settings say.
    pub fn of(instance: &Instance) -> Self {
        Self { bigquery_project: instance.bigquery_project().map(str::to_owned) }
    }
}

/// Creates the database or brings it to the current version. The caller holds the lock of the data directory.
pub fn prepare(path: &Path, context: &MigrationContext) -> Result<(), MigrateError> {
    let failed = |source| MigrateError::Engine { path: path.to_owned(), source };
    if !path.exists() {
        let pending = Pending::beside(path).map_err(MigrateError::Copy)?;
        create(pending.path()).map_err(failed)?;
        return pending.commit().map_err(MigrateError::Copy);
    }
    let version = version(path).map_err(failed)?.ok_or_else(|| MigrateError::Foreign(path.to_owned()))?;
    if version < OLDEST {
        return Err(MigrateError::TooOld { path: path.to_owned(), version });
    }
    if version > VERSION {
        tracing::warn!(version, own = VERSION, "the state database is newer than this program; going on");
    }
    if version >= VERSION {
        return Ok(());
    }
    if version < 24 && context.project().is_none() && needs_project(path).map_err(failed)? {
        return Err(MigrateError::NoProject);
    }
    let copy = match same_copy(path).map_err(MigrateError::Copy)? {
        Some(copy) => copy,
        None => copy_aside(path).map_err(MigrateError::Copy)?,
    };
    tracing::info!(from = version, to = VERSION, copy = %copy.display(), "migrating the state database");
    // Merges the write-ahead log, so that one rename replaces everything.
    merge_log(path).map_err(failed)?;
    let pending = Pending::beside(path).map_err(MigrateError::Copy)?;
    take_over(path, pending.path(), version, context).map_err(failed)?;
    pending.commit().map_err(MigrateError::Copy)
}

/// A database in memory with the one at `path` as `old`, which is only read, a pending log included.
fn attach_old(path: &Path) -> engine::Result<Connection> {
    let connection = engine::in_memory(&Limits::small())?;
    connection.execute_batch(&format!("ATTACH {} AS old (READ_ONLY)", quote_path(path)))?;
    Ok(connection)
}

/// The schema version of a database file.
fn version(path: &Path) -> engine::Result<Option<i32>> {
    let connection = attach_old(path)?;
    if tables(&connection, "old")?.iter().any(|name| name == "schema_version") {
        connection.query_row("SELECT max(version) FROM old.main.schema_version", [], |row| row.get(0))
    } else {
        Ok(None)
    }
}

/// An earlier copy with the same bytes: a start that fails again and again must not fill the disk.
fn same_copy(path: &Path) -> std::io::Result<Option<PathBuf>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let log = |file: &Path| PathBuf::from(format!("{}.wal", file.display()));
    let same = |a: &Path, b: &Path| -> std::io::Result<bool> {
        match (a.exists(), b.exists()) {
            (true, true) => Ok(a.metadata()?.len() == b.metadata()?.len() && hash::md5_file(a)? == hash::md5_file(b)?),
            (a, b) => Ok(a == b),
        }
    };
    for entry in std::fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let candidate = entry?.path();
        let file = candidate.file_name().unwrap_or_default().to_string_lossy();
        let is_copy = file.starts_with(&format!("{name}.pre-migrate-")) && !file.ends_with(".wal");
        if is_copy && same(path, &candidate)? && same(&log(path), &log(&candidate))? {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

fn copy_aside(path: &Path) -> std::io::Result<PathBuf> {
    let stamp = time::civil(time::now()).strftime("%Y%m%dT%H%M%S%6f");
    let copy = PathBuf::from(format!("{}.pre-migrate-{stamp}", path.display()));
    for suffix in ["", ".wal"] {
        let source = PathBuf::from(format!("{}{suffix}", path.display()));
        if source.exists() {
            let pending = Pending::beside(Path::new(&format!("{}{suffix}", copy.display())))?;
            std::fs::copy(source, pending.path())?;
            pending.commit()?;
        }
    }
    Ok(copy)
}

/// Adds the tables and columns that version 25 gained after the database was made.
pub(super) fn complete(connection: &Connection) -> engine::Result<()> {
    connection.execute_batch("ATTACH ':memory:' AS expected")?;
    create_tables(connection, "expected.main")?;
    let missing: Vec<(String, String, String, Option<String>)> = Reader::new(connection).list(
        "SELECT table_name, column_name, data_type, column_default FROM duckdb_columns() expected
         WHERE database_name = 'expected' AND NOT EXISTS (
             SELECT 1 FROM duckdb_columns() own
             WHERE own.database_name = current_database() AND own.schema_name = 'main'
               AND own.table_name = expected.table_name AND own.column_name = expected.column_name)
         ORDER BY table_oid, column_index",
        [],
        |row| row.try_into(),
    )?;
    connection.execute_batch("DETACH expected")?;
    if missing.is_empty() {
        return Ok(());
    }
    let database = connection.query_row("SELECT current_database()", [], |row| row.get::<_, String>(0))?;
    let own = tables(connection, &database)?;
    connection.execute_batch("BEGIN")?;
    for (name, columns) in TABLES.iter().filter(|(name, _)| !own.iter().any(|table| table == name)) {
        connection.execute_batch(&format!("CREATE TABLE {name} ({columns})"))?;
    }
    for (table, column, data_type, default) in missing.iter().filter(|(table, ..)| own.contains(table)) {
        let default = default.as_ref().map(|value| format!(" DEFAULT {value}")).unwrap_or_default();
        connection.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {data_type}{default}"))?;
    }
    connection.execute_batch("COMMIT; CHECKPOINT")
}

fn merge_log(path: &Path) -> engine::Result<()> {
    let connection = engine::open(path, &Limits::small())?;
    connection.execute_batch("CHECKPOINT")?;
    connection.close().map_err(|(_, error)| error)
}

fn create(path: &Path) -> engine::Result<()> {
    let connection = engine::open(path, &Limits::small())?;
    connection.execute_batch("BEGIN")?;
    create_tables(&connection, "main")?;
    finish(&connection, "main")?;
    connection.execute_batch("COMMIT; CHECKPOINT")?;
    connection.close().map_err(|(_, error)| error)
}

fn create_tables(connection: &Connection, place: &str) -> engine::Result<()> {
    for (name, columns) in TABLES {
        connection.execute_batch(&format!("CREATE TABLE {place}.{name} ({columns})"))?;
    }
    Ok(())
}

/// The version row and the singletons' rows.
fn finish(connection: &Connection, place: &str) -> engine::Result<()> {
    connection.execute_batch(&format!("DELETE FROM {place}.schema_version"))?;
    connection.execute(
        &format!("INSERT INTO {place}.schema_version (version, applied_at) VALUES (?, make_timestamp(?::BIGINT))"),
        params![VERSION, time::now().as_microsecond()],
    )?;
    for name in SINGLETONS {
        connection.execute_batch(&format!(
            "INSERT INTO {place}.{name} (id) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {place}.{name})"
        ))?;
    }
    Ok(())
}

fn take_over(old: &Path, new: &Path, from: i32, context: &MigrationContext) -> engine::Result<()> {
    let connection = attach_old(old)?;
    let begin = format!("ATTACH {} AS new; BEGIN", quote_path(new));
    connection.execute_batch(&begin)?;
    create_tables(&connection, "new.main")?;
    for table in tables(&connection, "old")? {
        copy_table(&connection, &table)?;
    }
    if from < 24 {
        rewrite_bigquery_sql(&connection, context)?;
    }
    finish(&connection, "new.main")?;
    connection.execute_batch("COMMIT; CHECKPOINT new; DETACH new")
}

fn tables(connection: &Connection, database: &str) -> engine::Result<Vec<String>> {
    let sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main' ORDER BY 1";
    Reader::new(connection).list(sql, [database], |row| row.get(0))
}

fn columns(connection: &Connection, database: &str, table: &str) -> engine::Result<Vec<(String, String)>> {
    Reader::new(connection).list(
        "SELECT column_name, data_type FROM duckdb_columns()
         WHERE database_name = ? AND schema_name = 'main' AND table_name = ? ORDER BY column_index",
        [database, table],
        |row| row.try_into(),
    )
}

/// Copies the rows by column name; columns and tables that only the old database has come along.
fn copy_table(connection: &Connection, table: &str) -> engine::Result<()> {
    let name = quote_ident(table);
    if !TABLES.iter().any(|(known, _)| *known == table) {
        return connection.execute_batch(&format!("CREATE TABLE new.main.{name} AS SELECT * FROM old.main.{name}"));
    }
    let known = columns(connection, "new", table)?;
    let old = columns(connection, "old", table)?;
    for (column, data_type) in old.iter().filter(|(column, _)| !known.iter().any(|(name, _)| name == column)) {
        let add = format!("ALTER TABLE new.main.{name} ADD COLUMN {} {data_type}", quote_ident(column));
        connection.execute_batch(&add)?;
    }
    let list = old.iter().map(|(column, _)| quote_ident(column)).collect::<Vec<_>>().join(", ");
    connection.execute_batch(&format!("INSERT INTO new.main.{name} ({list}) SELECT {list} FROM old.main.{name}"))
}

const BIGQUERY_ROWS: &str = "source_type = 'bigquery' AND query_mode = 'materialized' AND source_query IS NOT NULL";

/// Whether there is SQL that [`rewrite_bigquery_sql`] has to change.
fn needs_project(path: &Path) -> engine::Result<bool> {
    let connection = attach_old(path)?;
    let has_sql = columns(&connection, "old", "table_registry")?.iter().any(|(name, _)| name == "source_query");
    let rows = format!("SELECT 1 FROM old.main.table_registry WHERE {BIGQUERY_ROWS}");
    Ok(has_sql && connection.prepare(&rows)?.exists([])?)
}

/// Version 24: materialized BigQuery SQL names tables the way BigQuery does.
fn rewrite_bigquery_sql(connection: &Connection, context: &MigrationContext) -> engine::Result<()> {
    let Some(project) = context.project() else { return Ok(()) };
    let update = format!(
        r#"UPDATE new.main.table_registry SET source_query =
             regexp_replace(source_query, 'bq\."([^"]+)"\."([^"]+)"', '`{project}.\1.\2`', 'g') WHERE {BIGQUERY_ROWS}"#
    );
    connection.execute_batch(&update)
}
