//! `analytics.duckdb`: a view for each pulled table and each snapshot, beside the user's own objects.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::state;
use crate::base::hash;
use crate::base::ident::{quote_ident, quote_path};
use crate::base::lock::{FileLock, LockError};
use crate::base::time::modified_ns;
use crate::cli::installed::{Installed, State};
use crate::cli::snapshot::stored;
use crate::cli::workspace::Workspace;
use crate::engine::{self, Connection, Limits};

/// Timeout for another program that has the database open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than a pull takes for the views.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

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
    let installed = Installed::of(state, workspace);
    let visible = stored::visible(workspace, &installed)?;
    let mut versions = BTreeMap::new();
    for snapshot in &visible.snapshots {
        let file = stored::file(workspace, snapshot);
        let facts = std::fs::metadata(&file)?;
        versions.insert(snapshot.clone(), format!("{}#{}-{}", file.display(), facts.len(), modified_ns(&facts)));
    }
    for table in &visible.tables {
        // Names the files. A view fixes its columns when it is created, and a new version may have others.
        versions.insert(table.clone(), hash::sha256_hex(&installed.relation(table)));
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
    let tables = visible.tables.iter().map(|table| (table, installed.relation(table)));
    let snapshots = visible.snapshots.iter().map(|snapshot| (snapshot, stored::relation(workspace, snapshot)));
    for (name, rows) in tables.chain(snapshots) {
        if known.iter().any(|(known, is_ours)| known.eq_ignore_ascii_case(name) && !is_ours) {
            continue;
        }
        let view = format!("CREATE OR REPLACE VIEW {} AS SELECT * FROM {rows}", quote_ident(name));
        match transaction.execute_batch(&view) {
            // A query says so.
            Err(_) if visible.snapshots.contains(name) => {}
            Err(error) => {
                versions.remove(name);
                unreadable.push((name.clone(), engine::message(&error)));
            }
            Ok(()) => {}
        }
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    state.views = versions;
    Ok(unreadable)
}

/// As [`publish`], outside of a pull. One that is running does it at its end, so that there is nothing left to do.
pub fn renew(workspace: &Workspace) -> Result<(), ViewError> {
    let _lock = match FileLock::acquire_within(&workspace.lock_file(), LOCK_TIMEOUT) {
        Ok(lock) => lock,
        Err(LockError::Held(_)) => return Ok(()),
        Err(LockError::Io(error)) => return Err(error.into()),
    };
    let mut state = State::read(workspace).unwrap_or_default();
    state::take_over(workspace, &mut state)?;
    publish(workspace, &mut state)?;
    Ok(state::save(&state, workspace)?)
}

/// The names of the user's own tables and views; none if another program has the database open.
pub fn own(workspace: &Workspace) -> Result<Vec<String>, ViewError> {
    let connection = engine::in_memory(&Limits::small())?;
    let attach = format!("ATTACH {} AS analytics (READ_ONLY)", quote_path(&workspace.database()));
    match connection.execute_batch(&attach) {
        Err(error) if is_busy(&error) => return Ok(Vec::new()),
        outcome => outcome?,
    }
    let objects = objects(&connection, "analytics")?;
    Ok(objects.into_iter().filter(|(_, is_ours)| !is_ours).map(|(name, _)| name).collect())
}

/// The tables and views of schema `main` in an open database, each with whether Agnes made it: then it is a view that
/// reads the own files of a table or a snapshot in a workspace, wherever that was at the time.
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
        let name_in_path = name.to_lowercase();
        let files =
            ["server/files/{}.", "server/parquet/{}.parquet", "server/parquet/{}/", "user/snapshots/{}.parquet"];
        let is_ours = files.iter().any(|file| sql.contains(&format!("/{}", file.replace("{}", &name_in_path))));
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
