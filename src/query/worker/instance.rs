//! An engine in memory with views over the tables of one statement, which can open nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use super::protocol::{Prepare, TableSpec};
use crate::base::ident::quote_ident;
use crate::engine::{self, Connection, Limits, Sandbox};
use crate::extract::{self, Attached, Exact, RemoteAttach};
use crate::query::QueryError;
use crate::query::namespace::DEFAULT;

pub struct Instance {
    pub connection: Connection,
    pub attached: Attached,
}

impl Instance {
    /// An engine with one thread, so that the sandbox covers the threads that it starts later.
    pub fn open(limits: &Limits, spill_bytes: u64) -> engine::Result<Connection> {
        let connection = engine::in_memory(&Limits { threads: 1, ..limits.clone() })?;
        // Where it is missing, the server has said so at start.
        engine::load_icu(&connection);
        connection.execute_batch(&format!(
            "SET max_temp_directory_size = '{spill_bytes}B'; SET parquet_metadata_cache = true"
        ))?;
        Ok(connection)
    }

    /// Attaches the sources of remote tables, makes the views, and locks the engine. `exact`: columns of sources that are
    /// read exactly.
    pub fn fill(connection: Connection, prepare: &Prepare, exact: &[Exact]) -> Result<Self, QueryError> {
        let mut attached = Attached::default();
        if let Some(policy) = &prepare.remote {
            let selects = || prepare.tables.iter().filter_map(|table| table.remote.as_ref());
            let sources: BTreeSet<&RemoteAttach> = selects().flat_map(|remote| &remote.attach).collect();
            let sources: Vec<RemoteAttach> = sources.into_iter().cloned().collect();
            let used: Vec<_> = selects().map(|remote| remote.select.as_str()).collect();
            attached = policy
                .attach_checked(&connection, &sources, exact, &used.join("; "))
                .map_err(|error| QueryError::Remote(error.to_string()))?;
        }
        let mut databases = BTreeSet::new();
        for table in &prepare.tables {
            for database in &table.databases {
                if database != DEFAULT && databases.insert(database) {
                    let attach = format!("ATTACH ':memory:' AS {}", quote_ident(database));
                    connection.execute_batch(&attach).map_err(internal)?;
                }
                connection.execute_batch(&view(table, database)).map_err(|error| unreadable(table, &error))?;
            }
        }
        let files = prepare.tables.iter().flat_map(|table| &table.files).map(|file| Path::new(file.as_path()));
        // Each query says how many threads it may have.
        connection
            .execute_batch("SET allowed_configs = ['threads']")
            .and_then(|()| Sandbox::default().files(files).lock(&connection))
            .map_err(internal)?;
        Ok(Self { connection, attached })
    }
}

fn view(table: &TableSpec, database: &str) -> String {
    let rows = match &table.remote {
        Some(remote) => remote.select.clone(),
        None => {
            let files = table.files.iter().map(|file| file.as_path());
            format!("SELECT * FROM {}", extract::parquet::read_files(files))
        }
    };
    format!("CREATE VIEW {}.main.{} AS {rows}", quote_ident(database), quote_ident(&table.name))
}

fn unreadable(table: &TableSpec, error: &engine::Error) -> QueryError {
    let name = &table.name;
    match table.remote {
        Some(_) => {
            let reason = extract::source_message(&engine::message(error), "its owner has to change its view");
            QueryError::Remote(format!("table {name} cannot be read: {reason}"))
        }
        None => QueryError::Internal(format!("table {name} cannot be read: {}", engine::message(error))),
    }
}

/// A failure to set up an instance is never the caller's fault.
fn internal(error: engine::Error) -> QueryError {
    QueryError::Internal(format!("cannot set up a query instance: {}", engine::message(&error)))
}
