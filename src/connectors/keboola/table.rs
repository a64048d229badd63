//! One table from the Storage API to its parquet file.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::client::{StorageClient, StorageError};
use super::convert::{self, ConvertError};
use super::download::{DownloadError, Downloader};
use super::{Settings, types};
use crate::base::atomic_file::{PUBLIC, Pending};
use crate::base::ident;
use crate::connectors::{Extracted, TableRequest};
use crate::engine::Limits;
use crate::extract;

#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("unsafe identifier")]
    UnsafeName,
    #[error("unsafe bucket/source_table")]
    UnsafeSource,
    #[error("another table of this source has the same name")]
    SameName,
    #[error("query_mode 'remote' is not supported for Keboola; register the table with query_mode 'local'")]
    Remote,
    #[error("table {0} has no columns")]
    NoColumns(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Download(#[from] DownloadError),
    #[error("table {table}: {error}")]
    Convert { table: String, error: ConvertError },
    #[error("cannot write the parquet file: {0}")]
    Io(#[from] std::io::Error),
    #[error("the conversion was stopped")]
    Stopped,
}

/// What all tables of a run share.
pub struct Run {
    pub storage: StorageClient,
    pub downloader: Downloader,
    /// `extracts/keboola`.
    pub directory: PathBuf,
    /// Where DuckDB spills to.
    pub spill: PathBuf,
    /// One conversion at a time, so that the memory limit holds for the run.
    pub conversion: Arc<Semaphore>,
    pub settings: Settings,
}

/// The Storage API id of a table, after checking all its names.
pub fn storage_id(table: &TableRequest) -> Result<String, TableError> {
    if !ident::is_strict(&table.name) || ident::is_reserved_table(&table.name) {
        return Err(TableError::UnsafeName);
    }
    let safe = |name: &str| if ident::is_relaxed(name) { Ok(()) } else { Err(TableError::UnsafeSource) };
    match table.bucket.as_deref().filter(|bucket| !bucket.is_empty()) {
        Some(bucket) => {
            safe(bucket)?;
            safe(table.source_name())?;
            Ok(format!("{bucket}.{}", table.source_name()))
        }
        None => {
            let id = if table.id.is_empty() { &table.name } else { &table.id };
            safe(id)?;
            Ok(id.clone())
        }
    }
}

/// Exports, downloads and converts a table; its parquet file changes only when all of that worked.
pub async fn extract(run: &Run, request: &TableRequest, id: String) -> Result<Extracted, TableError> {
    let columns = types::columns(&run.storage.table(&id).await?);
    if columns.is_empty() {
        return Err(TableError::NoColumns(id));
    }
    let file = run.storage.export(&id).await?;
    let export = run.downloader.fetch(&run.storage, &file).await?;

    let permit = run.conversion.clone().acquire_owned().await.map_err(|_| TableError::Stopped)?;
    let pending = Pending::beside(&extract::data_file(&run.directory, &request.name), PUBLIC)?;
    let limits = Limits {
        memory: run.settings.memory.clone(),
        // The reader does not use more: a file is read from its beginning to its end.
        threads: 2,
        spill: Some(run.spill.clone()),
        extensions: None,
    };
    let table = id.clone();
    let converted = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let converted = convert::to_parquet(&export, &columns, pending.path(), &limits)
            .map_err(|error| TableError::Convert { table, error })?;
        pending.commit()?;
        Ok::<_, TableError>(converted)
    })
    .await
    .map_err(|_| TableError::Stopped)??;

    if !converted.as_text.is_empty() {
        tracing::warn!(table = id, columns = ?converted.as_text, "values do not fit the declared type; written as text");
    }
    Ok(Extracted { name: request.name.clone(), description: request.description.clone(), rows: converted.rows })
}
