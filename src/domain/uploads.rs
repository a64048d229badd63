//! Uploading a data file as a table of the `local` source.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::access::{Admin, Proof};
use crate::base::atomic_file::{self, Pending};
use crate::connectors::files::{self, Checked};
use crate::domain::{Error, Result, registry::rules, write_as};
use crate::extract::{Publication, parquet};
use crate::protocol::file_format::FileFormat;
use crate::protocol::upload::{Column, UploadedTable};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::store::audit::{self, Action};
use crate::store::registry::{self, Table};
use crate::store::{Snapshot, Store};
use crate::sync::Runner;

/// Maximum number of columns that a message names.
const NAMED_COLUMNS: usize = 5;

/// A received file that is to become a table.
pub struct Upload {
    /// The table's name.
    pub name: String,
    /// The file's extension, e.g. `.csv.gz`.
    pub extension: String,
    pub file: Pending,
    pub size_bytes: u64,
    /// Whether it may replace a table that has none of its columns.
    pub replace: bool,
    /// How it is read; what was declared for the table before counts if it is absent.
    pub format: Option<FileFormat>,
}

/// Checks that a file may become the table of that name: it is new, or its rows come from files already.
pub fn check_upload(snapshot: &Snapshot, publication: &Publication, name: &str) -> Result<()> {
    rules::name(name)?;
    let registered = snapshot.registry.by_name(name).and_then(|row| row.source_type.clone());
    let published = publication.get(name).map(|table| SourceType::from(table.source.as_str()));
    registered.or(published).map_or(Ok(()), |source| check_source(name, &source))
}

fn check_source(name: &str, source: &SourceType) -> Result<()> {
    if source.is_empty() || *source == SourceType::LOCAL {
        return Ok(());
    }
    Err(Error::conflict(format!("Table '{name}' comes from {source}; upload the file under another name")))
}

/// Makes a table of a file, or replaces the file that it was made of, and starts a sync of it. A file that cannot be
/// read as a table is rejected, and nothing changes. `folder` is that of the `local` source.
pub async fn upload_table(
    store: &Store,
    runner: &Runner,
    admin: &Admin,
    folder: &Path,
    publication: &Publication,
    upload: Upload,
) -> Result<UploadedTable> {
    let Upload { name, extension, file, size_bytes, replace, format } = upload;
    format.as_ref().map_or(Ok(()), rules::file_format)?;
    let file_name = format!("{name}{extension}");
    let stored = || store.snapshot().registry.by_name(&name).and_then(|row| row.file_format.clone());
    let checked = runner.check_file(file.path(), &file_name, format.clone().or_else(stored)).await;
    let checked = checked.map_err(|error| Error::Unprocessable(format!("{error}. Nothing was changed.")))?;
    // It may have been registered for another source while the file was received.
    store.snapshot().registry.by_name(&name).map_or(Ok(()), |row| check_source(&name, row.source()))?;
    if !replace {
        let new = checked.columns.iter().map(|(name, _)| name.clone()).collect();
        check_columns(publication, &name, new).await?;
    }
    // So may the rights of the admin have changed.
    admin.confirm(&store.snapshot())?;
    let (table, directory) = (name.clone(), folder.to_owned());
    tokio::task::spawn_blocking(move || replace_files(file, &directory, &table, &file_name))
        .await
        .map_err(io::Error::other)??;
    let mut details = json!({ "rows": checked.rows, "bytes": size_bytes });
    if let Some(format) = &format {
        details["file_format"] = json!(format);
    }
    let (id, status) = register(store, admin, &name, format, details).await?;
    let run_id = runner.trigger(Some([id.clone()].into()), Some(&admin.user().email));
    let columns = checked.columns.iter().cloned().map(|(name, kind)| Column { name, kind }).collect();
    let Checked { rows, notes, .. } = checked;
    Ok(UploadedTable { id, name, rows, size_bytes, columns, status: status.into(), notes, run_id })
}

/// Refuses columns of which the published table has none: the file is most likely not a new version of that table.
async fn check_columns(publication: &Publication, name: &str, new: Vec<String>) -> Result<()> {
    let Some(table) = publication.get(name).cloned() else { return Ok(()) };
    let files: Vec<PathBuf> = table.files().map(|file| file.path.clone()).collect();
    if files.is_empty() {
        return Ok(());
    }
    let read = tokio::task::spawn_blocking(move || parquet::columns(files.iter().map(PathBuf::as_path))).await;
    // A table that cannot be read may be replaced by anything.
    let Ok(old) = read.map_err(io::Error::other)? else { return Ok(()) };
    let old: Vec<String> = old.into_iter().map(|(name, _)| name).collect();
    let is_known = |column: &String| old.iter().any(|known| known.to_lowercase() == column.to_lowercase());
    if new.iter().any(is_known) {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "The file has none of the columns of table '{name}': it has {}, the table has {}. Nothing was changed. If it is to \
         replace the table, upload it with --replace (API: replace=true)",
        some(&new),
        some(&old)
    )))
}

/// `id, amount`, or with many columns `a, b, c, d, e and 7 more`.
fn some(columns: &[String]) -> String {
    let named = columns.iter().take(NAMED_COLUMNS).map(String::as_str).collect::<Vec<_>>().join(", ");
    match columns.len().saturating_sub(NAMED_COLUMNS) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Puts the file into place and removes every other file that the table may have been made of.
fn replace_files(file: Pending, folder: &Path, table: &str, file_name: &str) -> io::Result<()> {
    file.commit()?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let other = entry.file_name().to_string_lossy().into_owned();
        let is_of_table = files::ending(&other).is_some_and(|extension| {
            other.strip_suffix(extension).is_some_and(|stem| stem.eq_ignore_ascii_case(table))
        });
        if is_of_table && other != file_name && entry.path().is_file() {
            atomic_file::remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Registers the table unless it is registered, with what is declared for it. Returns its id and what was done.
async fn register(
    store: &Store,
    admin: &Admin,
    name: &str,
    format: Option<FileFormat>,
    details: Value,
) -> Result<(String, &'static str)> {
    let actor = admin.actor();
    let table = Table {
        id: name.to_lowercase(),
        name: name.to_owned(),
        source_type: Some(SourceType::LOCAL),
        sync_strategy: Some(SyncStrategy::FullRefresh),
        query_mode: Some(QueryMode::Local),
        profile_after_sync: true,
        registered_by: Some(admin.user().email.clone()),
        ..Table::default()
    };
    let written = write_as(store, admin.clone(), move |change| {
        let rows = registry::all(change)?;
        let existing = rows.into_iter().find(|row| row.name.eq_ignore_ascii_case(&table.name));
        let (id, status) = match existing {
            Some(mut row) => {
                check_source(&table.name, row.source())?;
                let id = row.id.clone();
                if let Some(format) = format {
                    row.file_format = format.or_none();
                    registry::update(change, &row)?;
                }
                (id, "updated")
            }
            None => {
                let table = Table { file_format: format.and_then(FileFormat::or_none), ..table };
                registry::insert(change, &table)?;
                (table.id, "registered")
            }
        };
        audit::record(change, &actor, Action::TableUpload, &id, details)?;
        Ok((id, status))
    });
    written.await
}
