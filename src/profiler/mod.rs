//! Profiles of tables: a first pass over the rows for all statistics, and a second for distributions that depend on them.

mod columns;
mod report;
mod sql;

use std::time::Duration;

use serde_json::Value;

use crate::config::ProfilerConfig;
use crate::engine::{self, Connection, Limits, Sandbox};
use crate::extract::{PublishedFile, PublishedTable, parquet};
use crate::store::registry::Table;
use columns::Column;

/// Time for the profile of one table.
const TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Its rows are at their source.
    #[error("its rows are not on this server")]
    NotHere,
    #[error("{}", engine::message(.0))]
    Engine(#[from] engine::Error),
    #[error("the engine returned unexpected JSON: {0}")]
    Answer(#[from] serde_json::Error),
}

/// The profile of a published table; `row` is its registration. Blocks.
pub fn profile(
    table: &PublishedTable,
    row: Option<&Table>,
    config: &ProfilerConfig,
    limits: &Limits,
) -> Result<Value, ProfileError> {
    let files: Vec<&PublishedFile> = table.files().collect();
    if files.is_empty() {
        return Err(ProfileError::NotHere);
    }
    let paths = files.iter().map(|file| file.path.as_path());
    let connection = Sandbox::default().files(paths.clone()).directories(limits.spill.as_deref()).open(limits)?;
    let rows = parquet::read_files(paths);
    engine::within(&connection, TIMEOUT, |connection| examine(connection, &rows, table, row, config))
}

fn examine(
    connection: &Connection,
    rows: &str,
    table: &PublishedTable,
    row: Option<&Table>,
    config: &ProfilerConfig,
) -> Result<Value, ProfileError> {
    let columns = columns::of(connection, rows)?;
    let is_sampled = table.rows > config.sample_size;
    let work = match is_sampled {
        true => {
            // Stored, so that both passes see the same rows.
            let sample = format!("{} ROWS", config.sample_size);
            connection
                .execute_batch(&format!("CREATE TEMP TABLE work AS SELECT * FROM {rows} USING SAMPLE {sample}"))?;
            "work".to_owned()
        }
        false => rows.to_owned(),
    };
    let find = |name: &String| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    // Empty if one of the columns of the primary key is missing.
    let key: Vec<&Column> =
        row.and_then(|row| row.primary_key.iter().map(find).collect::<Option<_>>()).unwrap_or_default();
    let totals = json(connection, &sql::totals(&work, &columns, &key, table.rows))?;
    let spreads = match sql::spreads(&work, &columns, &totals, config) {
        Some(sql) => json(connection, &sql)?,
        None => Value::Null,
    };
    let samples = match config.samples {
        true => samples(connection, &work, &columns)?,
        false => Vec::new(),
    };
    Ok(report::build(table, row, config, &columns, &totals, &spreads, &samples, is_sampled))
}

fn json(connection: &Connection, sql: &str) -> Result<Value, ProfileError> {
    let text: String = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(serde_json::from_str(&text)?)
}

/// The first rows, as text.
fn samples(connection: &Connection, work: &str, columns: &[Column]) -> Result<Vec<Vec<Option<String>>>, ProfileError> {
    let mut statement = connection.prepare(&sql::samples(work, columns))?;
    let rows = statement.query_map([], |row| (0..columns.len()).map(|index| row.get(index)).collect())?;
    Ok(rows.collect::<engine::Result<_>>()?)
}
