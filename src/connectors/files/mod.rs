//! The files connector: each CSV, TSV or parquet file of a folder becomes one table of an extract, and each folder of
//! such files in it a table in parts.
//!
//! A table is either what it was before or what its file is now: a file that cannot be read completely and without loss is
//! reported and changes nothing.

mod ahead;
mod check;
mod convert;
mod engine;
mod fault;
mod folder;
mod header;
mod layout;
mod nulls;
mod options;
mod other_format;
mod schema;
mod state;
mod survey;
mod table;
mod text;

pub use check::{Checked, check};
pub use folder::ending;
pub use options::check_format;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::base::disk::Reserve;
use crate::base::lock::{FileLock, LockError};
use crate::base::{atomic_file, ident, time};
use crate::connectors::{Done, Extracted, Extraction, LOCK, Provided, Report, Request, Source, TableRequest, publish};
use crate::engine::Limits;
use crate::extract::ExtractError;
use crate::protocol::vocabulary::{QueryMode, SourceType};
use folder::Folder;
use table::{Job, Resources};

pub const SOURCE: Provided = Provided {
    kind: SourceType::LOCAL,
    // `agnes extract files` takes any folder.
    command: None,
    configure: |settings| Arc::new(FilesSource { folder: settings.instance.files_folder(&settings.data_dir) }),
};

#[derive(Debug)]
struct FilesSource {
    folder: PathBuf,
}

impl Source for FilesSource {
    fn kind(&self) -> SourceType {
        SourceType::LOCAL
    }

    fn query_modes(&self) -> &[QueryMode] {
        &[QueryMode::Local]
    }

    fn extraction(&self) -> Extraction {
        let source = SourceType::LOCAL.as_str();
        Extraction::new(["files".into(), self.folder.clone().into(), "--source".into(), source.into()])
    }
}

/// The resources of a conversion.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory limit of DuckDB, e.g. `1GB` (`AGNES_EXTRACT_MEMORY`).
    pub memory: String,
    pub threads: usize,
    /// Space that stays free on the disk.
    pub reserve: Reserve,
}

/// The run could not start or not finish; what concerns one table only is in the report.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("cannot read the folder {}: {error}", path.display())]
    Folder { path: PathBuf, error: std::io::Error },
    #[error("{} has no file that ends in .csv, .csv.gz, .tsv, .tsv.gz or .parquet, nor a folder of such files; nothing was changed", .0.display())]
    Empty(PathBuf),
    #[error("another extraction into {} is running ({error})", path.display())]
    Locked { path: PathBuf, error: LockError },
    #[error("cannot write to {}: {error}", path.display())]
    Directory { path: PathBuf, error: std::io::Error },
    #[error("the tables are converted, but the extract in {} could not be published: {error}", path.display())]
    Publish { path: PathBuf, error: ExtractError },
}

/// Extracts the data files directly in `folder` into `directory` (`extracts/<source>/`).
///
/// Without a request every file is a table, and tables whose files are gone are dropped. With one, only its tables are
/// extracted, each from the file named `source_name()`.
pub fn run(
    folder: &Path,
    directory: &Path,
    request: Option<Request>,
    settings: &Settings,
) -> Result<Report, FilesError> {
    let unwritable = |error| FilesError::Directory { path: directory.to_owned(), error };
    let files = Folder::read(folder).map_err(|error| FilesError::Folder { path: folder.to_owned(), error })?;
    if request.is_none() && files.is_empty() {
        return Err(FilesError::Empty(folder.to_owned()));
    }
    let directory = std::path::absolute(directory).map_err(unwritable)?;
    let _lock = FileLock::acquire(&directory.join(LOCK)).map_err(|error| match error {
        LockError::Io(error) => unwritable(error),
        error => FilesError::Locked { path: directory.clone(), error },
    })?;
    atomic_file::sweep(&directory);
    let spill = directory.join(".spill");
    // What is left of it only takes space.
    let _ = atomic_file::remove_directory(&spill);
    let limits = Limits {
        memory: settings.memory.clone(),
        threads: settings.threads,
        spill: Some(spill.clone()),
        extensions: None,
    };

    let at = time::now();
    let has_request = request.is_some();
    let mut report = request.as_ref().map_or_else(Report::default, Request::report);
    let (requests, keep) = match request {
        Some(request) => (request.tables, request.keep),
        None => {
            // Nobody says what is declared, so what was declared before stays.
            let mut tables = files.every_table();
            tables.iter_mut().for_each(|table| table.file_format = state::format(&directory, &table.name));
            (tables, Some(files.stems()))
        }
    };
    let mut extracted = Vec::new();
    let resources = Resources { limits: &limits, reserve: settings.reserve };
    for table in &requests {
        let started = Instant::now();
        let outcome = one(&files, &directory, table, &resources);
        report.finished(&table.name, &outcome, started.elapsed());
        if let Ok(Done { rows, .. }) = outcome {
            tracing::info!(table = table.name, rows, seconds = started.elapsed().as_secs_f64(), "extracted");
            extracted.push(Extracted::of(table, rows, None));
        }
    }
    let _ = atomic_file::remove_directory(&spill);
    // A run in which everything failed leaves the extract alone.
    if !extracted.is_empty() || report.tables_failed == 0 {
        // What failed may be the new name of something old, so nothing goes before everything is there.
        let keep = keep.filter(|_| report.tables_failed == 0 || !has_request);
        publish(&directory, extracted, keep.as_ref(), None, at)
            .map_err(|error| FilesError::Publish { path: directory.clone(), error })?;
        forget(&directory, keep.as_ref());
    }
    Ok(report)
}

fn one(files: &Folder, directory: &Path, table: &TableRequest, resources: &Resources<'_>) -> Result<Done, String> {
    if ident::is_reserved_table(&table.name) {
        return Err(format!("unsafe identifier '{}': the name is reserved; rename the file", table.name));
    }
    if !ident::is_strict(&table.name) {
        return Err(format!(
            "unsafe identifier '{}': a table name begins with a letter or _ and has only letters, digits and _ \
             (a-z, at most 64); rename the file",
            table.name
        ));
    }
    let origin = files.find(table.source_name())?;
    let format = table.file_format.clone().unwrap_or_default();
    table::extract(&origin, &Job { directory, table: &table.name, format: &format, resources })
}

/// Deletes the state of tables that were dropped.
fn forget(directory: &Path, keep: Option<&HashSet<String>>) {
    let Some(keep) = keep else { return };
    for entry in std::fs::read_dir(directory.join("state")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // State that stays behind is only read together with its parquet file, which is gone.
        if name.strip_suffix(".json").is_some_and(|table| !keep.contains(table)) {
            let _ = atomic_file::remove(&entry.path());
        } else if entry.path().is_dir() && !keep.contains(&name) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
