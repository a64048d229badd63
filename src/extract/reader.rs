//! Reading an extract that may come from a third party.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{DATABASE, ExtractError, RemoteAttach, TableMeta};
use crate::base::time;
use crate::engine::{self, Connection, Limits, Sandbox};

/// The content of `extract.duckdb`.
pub struct Extract {
    pub tables: Vec<TableMeta>,
    /// Names of tables and views in schema `main`, lower-cased.
    pub objects: HashSet<String>,
    /// Those that are tables, with rows in the database itself.
    pub stored: HashSet<String>,
    /// The remote sources that its tables need.
    pub attach: Vec<RemoteAttach>,
    /// Lower-cased name of each view → its SQL.
    pub views: HashMap<String, String>,
}

/// Reads `_meta` and the list of objects of the source in `directory`.
///
/// The file is opened read-only in an instance that can reach nothing outside `directory`.
pub fn read(directory: &Path) -> Result<Extract, ExtractError> {
    let connection = attach(directory, Sandbox::default(), &Limits::small())?;
    let stored: HashSet<String> = connection
        .prepare(
            "SELECT lower(table_name) FROM duckdb_tables()
             WHERE database_name = 'extract' AND schema_name = 'main'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let views: HashMap<String, String> = connection
        .prepare(
            "SELECT lower(view_name), coalesce(sql, '') FROM duckdb_views()
             WHERE database_name = 'extract' AND schema_name = 'main'",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let objects: HashSet<String> = views.keys().chain(&stored).cloned().collect();
    if !objects.contains("_meta") {
        return Err(ExtractError::NoMeta(directory.join(DATABASE)));
    }
    let tables = connection
        .prepare(
            "SELECT table_name, description, coalesce(rows, 0), coalesce(size_bytes, 0), epoch_us(extracted_at),
                         coalesce(query_mode, 'local') FROM extract.main._meta",
        )?
        .query_map([], |row| {
            Ok(TableMeta {
                table_name: row.get(0)?,
                description: row.get(1)?,
                rows: row.get(2)?,
                size_bytes: row.get(3)?,
                extracted_at: row.get::<_, Option<i64>>(4)?.map(time::from_micros),
                query_mode: row.get::<_, String>(5)?.into(),
            })
        })?
        .collect::<Result<_, _>>()?;
    // If it cannot be read, only the remote tables are unreachable.
    let attach = match objects.contains("_remote_attach").then(|| attached(&connection)) {
        Some(Err(error)) => {
            tracing::warn!(source = %directory.display(), %error, "_remote_attach cannot be read");
            Vec::new()
        }
        found => found.transpose()?.unwrap_or_default(),
    };
    Ok(Extract { tables, objects, stored, attach, views })
}

fn attached(connection: &Connection) -> Result<Vec<RemoteAttach>, ExtractError> {
    let sql = "SELECT coalesce(alias, ''), coalesce(extension, ''), coalesce(url, ''), coalesce(token_env, '')
               FROM extract.main._remote_attach";
    let row = |row: &engine::Row<'_>| {
        Ok(RemoteAttach { alias: row.get(0)?, extension: row.get(1)?, url: row.get(2)?, token_env: row.get(3)? })
    };
    Ok(connection.prepare(sql)?.query_map([], row)?.collect::<Result<_, _>>()?)
}

/// Opens a sandbox that also allows the source's directory, with the source's database attached as `extract`, read-only.
pub(super) fn attach(directory: &Path, sandbox: Sandbox, limits: &Limits) -> Result<Connection, ExtractError> {
    let connection = sandbox.directories([directory]).open(limits)?;
    let database = crate::base::ident::quote_path(&directory.join(DATABASE));
    connection.execute_batch(&format!("ATTACH {database} AS extract (READ_ONLY)"))?;
    Ok(connection)
}
