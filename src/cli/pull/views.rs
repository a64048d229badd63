//! `analytics.duckdb`: a view for each pulled table, beside the user's own objects.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::state::State;
use crate::base::ident::quote_ident;
use crate::cli::workspace::Workspace;
use crate::engine::{self, Connection, Limits};

/// Timeout for another program that has the database open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error("{} is open in another program; the next pull updates its views (local_db_busy)", .0.display())]
    Busy(std::path::PathBuf),
    #[error("{}", engine::message(.0))]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Brings the views in line with the files, in one transaction, and returns the tables whose file cannot be read.
///
/// The database is not opened when nothing has changed.
pub fn publish(workspace: &Workspace, state: &mut State) -> Result<Vec<(String, String)>, ViewError> {
    let tables = workspace.tables()?;
    let mut versions = BTreeMap::new();
    for table in &tables {
        // A view fixes its columns when it is created, and a new version of a file may have others.
        let version = state.tables.get(table).map(|entry| entry.md5.as_str()).unwrap_or_default();
        versions.insert(table.clone(), format!("{}#{version}", workspace.table_file(table).display()));
    }
    if state.views == versions && workspace.database().exists() {
        return Ok(Vec::new());
    }
    std::fs::create_dir_all(workspace.duckdb_dir())?;
    let mut connection = open(workspace)?;
    let transaction = connection.transaction()?;
    let known = objects(&transaction, "analytics")?;
    for (name, is_ours) in &known {
        if *is_ours && !versions.contains_key(name) {
            transaction.execute_batch(&format!("DROP VIEW {}", quote_ident(name)))?;
        }
    }
    let mut unreadable = Vec::new();
    for table in &tables {
        if known.iter().any(|(name, is_ours)| name.eq_ignore_ascii_case(table) && !is_ours) {
            continue;
        }
        let view =
            format!("CREATE OR REPLACE VIEW {} AS SELECT * FROM {}", quote_ident(table), workspace.relation(table)?);
        if let Err(error) = transaction.execute_batch(&view) {
            versions.remove(table);
            unreadable.push((table.clone(), engine::message(&error)));
        }
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    state.views = versions;
    Ok(unreadable)
}

/// The tables and views of schema `main` in an open database, each with whether a pull made it: then it is a view that
/// reads the table's own files in a workspace, wherever that was at the time.
pub fn objects(connection: &Connection, database: &str) -> engine::Result<BTreeMap<String, bool>> {
    let mut statement = connection.prepare(
        "SELECT table_name, '' FROM duckdb_tables()
         WHERE database_name = ? AND schema_name = 'main' AND NOT internal
         UNION ALL
         SELECT view_name, coalesce(sql, '') FROM duckdb_views()
         WHERE database_name = ? AND schema_name = 'main' AND NOT internal",
    )?;
    let rows = statement.query_map([database, database], |row| {
        let (name, sql) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?.to_lowercase());
        let files = format!("/server/parquet/{}", name.to_lowercase());
        let is_ours = sql.contains(&format!("{files}.parquet")) || sql.contains(&format!("{files}/"));
        Ok((name, is_ours))
    })?;
    rows.collect()
}

fn open(workspace: &Workspace) -> Result<Connection, ViewError> {
    let deadline = Instant::now() + OPEN_TIMEOUT;
    let path = workspace.database();
    loop {
        match engine::open(&path, &Limits::small()) {
            Ok(connection) => return Ok(connection),
            Err(error) if !is_busy(&error) => return Err(error.into()),
            Err(_) if Instant::now() >= deadline => return Err(ViewError::Busy(path)),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// Whether another process has the database open.
pub fn is_busy(error: &engine::Error) -> bool {
    engine::message(error).contains("Could not set lock")
}
