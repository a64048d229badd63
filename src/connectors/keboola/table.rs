//! One table from the Storage API to its parquet file.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::client::{ExportOptions, StorageClient, StorageError};
use super::convert;
use super::download::{DownloadError, Downloader};
use super::fault::ConvertError;
use super::plan::{self, Fetch, Outcome, Plan, Strategy};
use super::survey::Survey;
use super::types::{self, Column};
use super::values::Learned;
use super::{Settings, merge};
use crate::base::atomic_file::{self, Pending};
use crate::base::{ident, time};
use crate::connectors::{Done, Extracted, TableRequest, column_changes};
use crate::engine::Limits;
use crate::extract::typing::reasons;
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
    let mut plan = Plan::make(request, &detail, columns, &run.directory);
    let mut notes: Vec<String> = plan.note.iter().cloned().chain(renamed(&plan.columns)).collect();
    if let Fetch::Nothing { rows } = plan.fetch {
        tracing::info!(table = id, "unchanged since the last export");
        return Ok((Extracted::of(request, rows, None), Done { rows, notes }));
    }
    let mut outcome = None;
    if let Fetch::Since(since) = plan.fetch {
        tracing::info!(table = id, since, "fetching what was imported since");
        outcome = Work { run, request, id: &id, plan: &plan }.increment(since).await?;
        if outcome.is_none() {
            plan.fetch = Fetch::Whole("a new value does not fit the type of its column");
        }
    }
    let outcome = match outcome {
        Some(outcome) => outcome,
        None => {
            if let Fetch::Whole(reason) = plan.fetch {
                tracing::info!(table = id, reason, "fetching it whole");
            }
            Work { run, request, id: &id, plan: &plan }.whole(&mut notes).await?
        }
    };
    let is_whole = matches!(plan.fetch, Fetch::Whole(_));
    let reasons: Vec<_> =
        plan.columns.iter().zip(&outcome.learned).map(|(column, learned)| learned.reason(column, is_whole)).collect();
    reasons::keep(&run.directory, &request.name, &reasons)?;
    plan.record(&run.directory, &request.name, &detail, &outcome)?;
    Ok((Extracted::of(request, outcome.rows, None), Done { rows: outcome.rows, notes }))
}

/// A remark on each column that is not published under its own name.
fn renamed(columns: &[Column]) -> impl Iterator<Item = String> {
    columns.iter().filter(|column| column.name != column.published).map(|column| {
        let (name, published) = (&column.name, &column.published);
        format!("another column differs from {name} only in upper and lower case: {name} is called {published} here")
    })
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
    let options = request.sync_options.clone().unwrap_or_default();
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
}

impl Work<'_> {
    /// Fetches everything, possibly in several exports.
    async fn whole(&self, notes: &mut Vec<String>) -> Result<Outcome, TableError> {
        let mut surveys = Vec::new();
        let mut started = None;
        for (since, until) in self.plan.windows() {
            let (survey, at) = self.fetch(since, until).await?;
            started.get_or_insert(at);
            surveys.push(survey);
        }
        let learned = learn(&self.plan.columns, &[], &surveys);
        notes.extend(self.plan.columns.iter().zip(&learned).filter_map(|(column, learned)| learned.note(column)));
        let (target, folder) = self.places();
        let (strategy, key, limits) = (self.plan.strategy.clone(), self.plan.primary_key.clone(), self.run.limits());
        let (directory, name) = (self.run.directory.clone(), self.request.name.clone());
        let convert = self.converter(&learned);
        let work = move || -> Result<(i64, Vec<String>), TableError> {
            let mut pieces = surveys.into_iter().map(|survey| convert(&survey));
            let mut whole = pieces.next().ok_or(TableError::Stopped)??;
            for piece in pieces {
                let (piece, joined) = (piece?, Pending::beside(&target)?);
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
        notes.extend(drift);
        Ok(Outcome { rows, started: started.unwrap_or_else(time::now), learned })
    }

    /// Fetches what was imported since a time, and merges it into the stored rows. Does nothing and returns `None` if the type of
    /// a column does not hold the new values beside those that are there.
    async fn increment(&self, since: i64) -> Result<Option<Outcome>, TableError> {
        let (delta, started) = self.fetch(Some(since), None).await?;
        let (known, delta) = (&self.plan.learned, [delta]);
        let learned = learn(&self.plan.columns, known, &delta);
        if !learned.iter().map(|now| now.stored).eq(known.iter().map(|before| before.stored)) {
            return Ok(None);
        }
        let (target, folder) = self.places();
        let (strategy, key, limits) = (self.plan.strategy.clone(), self.plan.primary_key.clone(), self.run.limits());
        let convert = self.converter(&learned);
        let work = move || -> Result<i64, TableError> {
            let [delta] = delta.map(|survey| convert(&survey));
            let delta = delta?;
            if let Strategy::Partitioned { .. } = strategy {
                return Ok(merge::merge_parts(delta.path(), &strategy, &key, &folder, &limits)?);
            }
            let merged = Pending::beside(&target)?;
            let rows = merge::into_one(&target, delta.path(), &key, merged.path(), &limits)?;
            merged.commit()?;
            Ok(rows)
        };
        let rows = self.run.blocking(work).await?;
        Ok(Some(Outcome { rows, started, learned }))
    }

    /// Exports what was imported between two times, and reads it through. Returns when the export started, too.
    async fn fetch(&self, since: Option<i64>, until: Option<i64>) -> Result<(Survey, Timestamp), TableError> {
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
        let (columns, table) = (plan.columns.clone(), self.id.to_owned());
        let work = move || Survey::of(export, &columns).map_err(|error| TableError::Convert { table, error });
        let survey = run.blocking(work).await?;
        Ok((survey, exported.started.unwrap_or(requested)))
    }

    /// Writes an export to a typed parquet file that is deleted on drop.
    fn converter(&self, learned: &[Learned]) -> impl Fn(&Survey) -> Result<Pending, TableError> + Send + use<> {
        let (columns, learned, table) = (self.plan.columns.clone(), learned.to_vec(), self.id.to_owned());
        let (target, limits) = (self.places().0, self.run.limits());
        move |survey| {
            let pending = Pending::beside(&target)?;
            convert::to_parquet(survey, &columns, &learned, pending.path(), &limits)
                .map_err(|error| TableError::Convert { table: table.clone(), error })?;
            Ok(pending)
        }
    }

    /// The file of the table, and the folder of its parts.
    fn places(&self) -> (PathBuf, PathBuf) {
        let (directory, name) = (&self.run.directory, &self.request.name);
        (extract::data_file(directory, name), extract::parts_folder(directory, name))
    }
}

/// What the stored rows and these exports show together.
fn learn(columns: &[Column], known: &[Learned], exports: &[Survey]) -> Vec<Learned> {
    let joined = |(position, column): (usize, &Column)| {
        let stored = known.get(position).map(|known| &known.facts);
        let mut all = stored.into_iter().chain(exports.iter().map(|export| &export.facts[position]));
        let mut facts = all.next().cloned().unwrap_or_default();
        (2..).zip(all).for_each(|(number, other)| facts.join(other, &format!("export {number}")));
        Learned::new(column, facts)
    };
    columns.iter().enumerate().map(joined).collect()
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
