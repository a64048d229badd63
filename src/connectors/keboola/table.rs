//! One table from the Storage API to its parquet file.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::client::{ExportOptions, StorageClient, StorageError};
use super::convert::{self, ConvertError};
use super::download::{DownloadError, Downloader};
use super::plan::{self, Fetch, Plan, Strategy};
use super::types::{self, Column};
use super::{Settings, merge};
use crate::base::atomic_file::{self, PUBLIC, Pending};
use crate::base::{ident, time};
use crate::connectors::{Done, Extracted, TableRequest, column_changes};
use crate::engine::Limits;
use crate::extract::{self, ExtractError, RemoteView, parquet};

#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("unsafe identifier")]
    UnsafeName,
    #[error("unsafe bucket/source_table")]
    UnsafeSource,
    #[error("another table of this source has the same name")]
    SameName,
    #[error("a remote table needs its bucket")]
    NoBucket,
    #[error("table {table} has no column {column}, which its registration names")]
    NoSuchColumn { table: String, column: String },
    #[error(transparent)]
    Extract(#[from] ExtractError),
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
    pub conversion: Arc<Mutex<()>>,
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

/// Fetches what is needed of a table; its files change only after all of that has succeeded.
pub async fn extract(run: &Run, request: &TableRequest, id: String) -> Result<(Extracted, Done), TableError> {
    let detail = run.storage.table(&id).await?;
    let columns = requested_columns(request, types::columns(&detail), &id)?;
    let plan = Plan::make(request, &detail, columns, &run.directory);
    let notes = plan.note.iter().cloned().collect();
    let mut work = Work { run, request, id: &id, plan: &plan, notes };
    let (rows, started) = match plan.fetch {
        Fetch::Nothing { rows } => {
            tracing::info!(table = id, "unchanged since the last export");
            return Ok((Extracted::of(request, rows, None), Done { rows, notes: work.notes }));
        }
        Fetch::Whole(reason) => {
            tracing::info!(table = id, reason, "fetching it whole");
            work.whole().await?
        }
        Fetch::Since(since) => {
            tracing::info!(table = id, since, "fetching what was imported since");
            work.increment(since).await?
        }
    };
    plan.record(&run.directory, &request.name, &detail, started, rows)?;
    Ok((Extracted::of(request, rows, None), Done { rows, notes: work.notes }))
}

/// A table that stays at Keboola: only its columns are read.
pub async fn remote(run: &Run, request: &TableRequest, id: String) -> Result<(Extracted, Done), TableError> {
    let bucket = request.bucket.clone().filter(|bucket| !bucket.is_empty()).ok_or(TableError::NoBucket)?;
    let columns = types::columns(&run.storage.table(&id).await?);
    if columns.is_empty() {
        return Err(TableError::NoColumns(id));
    }
    let view = RemoteView {
        schema: bucket,
        table: request.source_name().to_owned(),
        columns: columns.into_iter().map(|column| (column.name, column.kind.sql())).collect(),
    };
    Ok((Extracted::of(request, 0, Some(view)), Done::default()))
}

/// The columns to fetch, in the order of the table.
fn requested_columns(request: &TableRequest, columns: Vec<Column>, id: &str) -> Result<Vec<Column>, TableError> {
    if columns.is_empty() {
        return Err(TableError::NoColumns(id.to_owned()));
    }
    let Some(options) = request.sync_options.as_ref() else { return Ok(columns) };
    let has = |name: &String| columns.iter().any(|column| column.name == *name);
    let named = options.columns.iter().chain(&request.primary_key).chain(&options.partition_by);
    if let Some(missing) = named.into_iter().find(|name| !has(name)) {
        return Err(TableError::NoSuchColumn { table: id.to_owned(), column: missing.clone() });
    }
    let is_requested = |column: &Column| options.columns.is_empty() || options.columns.contains(&column.name);
    Ok(columns.into_iter().filter(is_requested).collect())
}

/// The fetching of one table.
struct Work<'a> {
    run: &'a Run,
    request: &'a TableRequest,
    id: &'a str,
    plan: &'a Plan,
    notes: Vec<String>,
}

impl Work<'_> {
    /// Fetches everything, possibly in several exports. Returns the number of rows, and when the first export started.
    async fn whole(&mut self) -> Result<(i64, Timestamp), TableError> {
        let mut pieces = Vec::new();
        let mut started = None;
        for (since, until) in self.plan.windows() {
            let (piece, at) = self.fetch(since, until).await?;
            started.get_or_insert(at);
            pieces.push(piece);
        }
        let (target, folder) = self.places();
        let (strategy, key, limits) = (self.plan.strategy.clone(), self.plan.primary_key.clone(), self.run.limits());
        let (directory, name) = (self.run.directory.clone(), self.request.name.clone());
        let work = move || -> Result<(i64, Vec<String>), TableError> {
            let mut pieces = pieces.into_iter();
            let mut whole = pieces.next().ok_or(TableError::Stopped)?;
            for piece in pieces {
                let joined = Pending::beside(&target, PUBLIC)?;
                match key.is_empty() {
                    true => parquet::merge([whole.path(), piece.path()].into_iter(), joined.path(), &limits)?,
                    // A row that was imported again during the export is in both.
                    false => drop(merge::into_one(whole.path(), piece.path(), &key, joined.path(), &limits)?),
                }
                whole = joined;
            }
            let drift = column_changes::between(&target, whole.path());
            // Without its state the new data would only be fetched again; with the old state it could count as current.
            plan::forget(&directory, &name)?;
            if let Strategy::Partitioned { .. } = strategy {
                let rows = merge::into_parts(whole.path(), &strategy, &folder, &limits)?;
                atomic_file::remove(&target)?;
                return Ok((rows, drift));
            }
            let rows = parquet::rows(whole.path())?;
            whole.commit()?;
            atomic_file::remove_directory(&folder)?;
            Ok((rows, drift))
        };
        let (rows, drift) = self.run.blocking(work).await?;
        self.notes.extend(drift);
        Ok((rows, started.unwrap_or_else(time::now)))
    }

    /// Fetches what was imported since a time, and merges it into the stored rows.
    async fn increment(&mut self, since: i64) -> Result<(i64, Timestamp), TableError> {
        let (delta, started) = self.fetch(Some(since), None).await?;
        let (target, folder) = self.places();
        let (strategy, key, limits) = (self.plan.strategy.clone(), self.plan.primary_key.clone(), self.run.limits());
        let work = move || -> Result<i64, TableError> {
            if let Strategy::Partitioned { .. } = strategy {
                return Ok(merge::merge_parts(delta.path(), &strategy, &key, &folder, &limits)?);
            }
            let merged = Pending::beside(&target, PUBLIC)?;
            let rows = merge::into_one(&target, delta.path(), &key, merged.path(), &limits)?;
            merged.commit()?;
            Ok(rows)
        };
        Ok((self.run.blocking(work).await?, started))
    }

    /// Exports what was imported between two times. Returns a typed parquet file that is deleted on drop, and when the
    /// export started.
    async fn fetch(&mut self, since: Option<i64>, until: Option<i64>) -> Result<(Pending, Timestamp), TableError> {
        let (run, plan, requested) = (self.run, self.plan, time::now());
        let names: Vec<_> = plan.columns.iter().map(|column| column.name.as_str()).collect();
        let options = ExportOptions {
            changed_since: since.map(|time| time.to_string()),
            changed_until: until.map(|time| time.to_string()),
            columns: (!plan.options.columns.is_empty()).then(|| names.join(",")),
            where_filters: plan.options.where_filters.clone(),
            gzip: true,
        };
        let exported = run.storage.export(self.id, &options).await?;
        let export = run.downloader.fetch(&run.storage, &exported.file).await?;
        let pending = Pending::beside(&self.places().0, PUBLIC)?;
        let (limits, columns, table) = (run.limits(), plan.columns.clone(), self.id.to_owned());
        let work = move || {
            let as_text = convert::to_parquet(&export, &columns, pending.path(), &limits)
                .map_err(|error| TableError::Convert { table, error })?;
            Ok::<_, TableError>((pending, as_text))
        };
        let (pending, as_text) = run.blocking(work).await?;
        if !as_text.is_empty() {
            tracing::warn!(table = self.id, columns = ?as_text, "values do not fit the declared type; written as text");
            self.notes.push(format!("values do not fit the declared type, written as text: {}", as_text.join(", ")));
        }
        Ok((pending, exported.started.unwrap_or(requested)))
    }

    /// The file of the table, and the folder of its parts.
    fn places(&self) -> (PathBuf, PathBuf) {
        let (directory, name) = (&self.run.directory, &self.request.name);
        (extract::data_file(directory, name), extract::parts_folder(directory, name))
    }
}

impl Run {
    fn limits(&self) -> Limits {
        Limits {
            memory: self.settings.memory.clone(),
            // The reader does not use more: a file is read from its beginning to its end.
            threads: 2,
            spill: Some(self.spill.clone()),
            extensions: None,
        }
    }

    /// Runs work for the engine, one piece at a time.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, TableError> + Send + 'static,
    ) -> Result<T, TableError> {
        let turn = Arc::clone(&self.conversion).lock_owned().await;
        let finished = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        finished.await.map_err(|_| TableError::Stopped)?
    }
}
