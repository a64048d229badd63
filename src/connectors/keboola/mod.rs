//! Keboola: tables of a project through the Storage API, as typed parquet.
//!
//! Each table is exported by an asynchronous job, downloaded to disk piece by piece, and converted by DuckDB. A table that
//! fails keeps the file of an earlier run.

pub mod client;
mod convert;
mod download;
mod fault;
mod form;
mod location;
mod merge;
pub mod model;
mod plan;
mod probe;
mod retry;
mod settings;
mod source;
mod survey;
mod table;
mod types;
mod values;

pub use probe::{ConnectionError, test_connection};
pub use retry::Retry;
pub use settings::{Settings, SettingsError};
pub use source::SOURCE;

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};

use self::client::StorageClient;
use self::download::Downloader;
use self::table::{Run, TableError};
use crate::base::lock::{FileLock, LockError};
use crate::base::{atomic_file, time};
use crate::connectors::{Done, Extracted, LOCK, Report, Request, TableRequest, publish};
use crate::protocol::vocabulary::QueryMode;

/// Exports that run at the same time.
const MAX_CONCURRENT: usize = 4;
/// The name under which a failure of the whole run is reported when no table was requested.
const WHOLE_RUN: &str = "keboola";

/// Fetches the tables of `request` into `directory` (`extracts/keboola`) and publishes them there.
///
/// Only one run at a time can work on a directory; a second one fails immediately.
pub async fn run(settings: &Settings, directory: &Path, request: Request) -> Report {
    run_locked(settings, directory, &request).await.unwrap_or_else(|error| {
        let fetched = request.tables.iter().filter(|table| table.query_mode != QueryMode::Materialized);
        let mut report = Report::all_failed(fetched, &error.to_string());
        if report.errors.is_empty() {
            report.failed(WHOLE_RUN, &error.to_string());
        }
        report
    })
}

#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("another Keboola extraction is running ({0}); wait for it to end")]
    Busy(LockError),
    #[error("cannot use the extract directory: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("cannot publish the extract: {0}")]
    Publish(String),
}

async fn run_locked(settings: &Settings, directory: &Path, request: &Request) -> Result<Report, RunError> {
    let directory = std::path::absolute(directory)?;
    let _lock = FileLock::acquire(&directory.join(LOCK)).map_err(|error| match error {
        LockError::Io(error) => RunError::Io(error),
        held => RunError::Busy(held),
    })?;
    // Files that a killed run left; no other process writes here while the lock is held.
    atomic_file::sweep(&directory);
    let spill = directory.join(".spill");
    atomic_file::remove_directory(&spill)?;

    let at = time::now();
    let run = Run {
        storage: StorageClient::new(settings)?,
        downloader: Downloader::new(settings, &directory)?,
        directory: directory.clone(),
        spill: spill.clone(),
        conversion: std::sync::Arc::default(),
        settings: settings.clone(),
    };
    let (report, extracted) = extract_all(&run, request).await;
    atomic_file::remove_directory(&spill)?;

    // What failed may be the new name of something old, so nothing goes before everything is there.
    let keep = request.keep.clone().filter(|_| report.tables_failed == 0);
    let attach = settings.attach();
    let publish = move || publish(&directory, extracted, keep.as_ref(), Some(&attach), at).map_err(|e| e.to_string());
    let published = tokio::task::spawn_blocking(publish).await.unwrap_or_else(|error| Err(error.to_string()));
    published.map_err(RunError::Publish)?;
    Ok(report)
}

async fn extract_all(run: &Run, request: &Request) -> (Report, Vec<Extracted>) {
    let mut names = HashSet::new();
    let planned: Vec<_> = request
        .tables
        .iter()
        .filter(|table| table.query_mode != QueryMode::Materialized)
        .map(|table| {
            let id = table::storage_id(table).and_then(|id| match names.insert(table.name.to_lowercase()) {
                true => Ok(id),
                false => Err(TableError::SameName),
            });
            (table, id)
        })
        .collect();
    // One clear answer for a bad token or address instead of retries for each table.
    let usable = match planned.iter().any(|(_, id)| id.is_ok()) {
        true => run.storage.verify_token().await.map(|_| ()).map_err(|error| error.to_string()),
        false => Ok(()),
    };
    let tasks: Vec<_> = planned.into_iter().map(|(table, id)| extract_one(run, &usable, table, id)).collect();
    let mut outcomes = stream::iter(tasks).buffered(MAX_CONCURRENT);
    let (mut report, mut extracted) = (request.report(), Vec::new());
    while let Some((table, outcome, elapsed)) = outcomes.next().await {
        let done = outcome.map(|(table, done)| {
            extracted.push(table);
            done
        });
        report.finished(&table.name, &done, elapsed);
    }
    drop(outcomes);
    (report, extracted)
}

async fn extract_one<'a>(
    run: &Run,
    usable: &Result<(), String>,
    table: &'a TableRequest,
    id: Result<String, TableError>,
) -> (&'a TableRequest, Result<(Extracted, Done), String>, Duration) {
    let started = Instant::now();
    let outcome = async {
        let id = id.map_err(|error| error.to_string())?;
        usable.clone()?;
        let extracted = match table.query_mode {
            QueryMode::Remote => table::remote(run, table, id).await,
            _ => table::extract(run, table, id).await,
        };
        extracted.map_err(|error| error.to_string())
    };
    let outcome = outcome.await;
    (table, outcome, started.elapsed())
}
