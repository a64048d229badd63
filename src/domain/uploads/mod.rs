//! Uploading a data file as a table of the `local` source.

mod exchange;

use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::access::{Admin, Proof};
use crate::base::atomic_file::Pending;
use crate::connectors::files::Checked;
use crate::domain::{Error, Result, registry::rules, write_as};
use crate::extract::{Publication, parquet};
use crate::protocol::file_format::{FileFormat, FormatChanges};
use crate::protocol::upload::{Column, UploadedTable};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::store::audit::{self, Action};
use crate::store::registry::{self, Table};
use crate::store::{Snapshot, Store};
use crate::sync::Runner;
use exchange::Exchange;

/// Maximum number of columns that a message names.
const NAMED_COLUMNS: usize = 5;

/// Exchanges of files take turns: what one of them brings back must not replace the file of another.
static EXCHANGES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

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
    /// Changes to what is declared for the table, which are kept.
    pub changes: Option<FormatChanges>,
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
/// read as a table is rejected. The file and what is declared with it take effect together, or nothing changes.
pub async fn upload_table(
    store: &Store,
    runner: &Runner,
    admin: &Admin,
    publication: &Publication,
    upload: Upload,
) -> Result<UploadedTable> {
    let Upload { name, extension, file, size_bytes, replace, changes } = upload;
    let stored = store.snapshot().registry.by_name(&name).and_then(|row| row.file_format.clone());
    let is_whole = changes.as_ref().is_some_and(|changes| changes.reset);
    let declared = changes.map(|changes| rules::changed_format(stored.clone(), changes)).transpose()?;
    let file_name = format!("{name}{extension}");
    let checked = runner.check_file(file.path(), &file_name, declared.clone().or_else(|| stored.clone())).await;
    let checked = checked.map_err(|error| Error::Unprocessable(format!("{error}. Nothing was changed.")))?;
    // It may have been registered for another source while the file was received.
    store.snapshot().registry.by_name(&name).map_or(Ok(()), |row| check_source(&name, row.source()))?;
    if !replace {
        let new = checked.columns.iter().map(|(name, _)| name.clone()).collect();
        check_columns(publication, &name, new).await?;
    }
    // So may the rights of the admin have changed.
    admin.confirm(&store.snapshot())?;
    let mut details = json!({ "rows": checked.rows, "bytes": size_bytes });
    if let Some(format) = &declared {
        details["file_format"] = json!(format);
    }
    let row = Row { name: name.clone(), declared, checked_with: (!is_whole).then_some(stored) };
    let (store, admin_of_row, table) = (store.clone(), admin.clone(), name.clone());
    // A caller who goes away does not stop it half-way.
    let stored = tokio::spawn(async move {
        let _turn = EXCHANGES.lock().await;
        let exchange = tokio::task::spawn_blocking(move || Exchange::begin(file, &table)).await;
        let exchange = exchange.map_err(io::Error::other)??;
        let stored = register(&store, &admin_of_row, row, details).await;
        let end = move || stored.inspect(|_| exchange.keep());
        tokio::task::spawn_blocking(end).await.map_err(io::Error::other)?
    });
    let (id, status) = stored.await.map_err(io::Error::other)??;
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

/// What the registry is to say about an uploaded table.
struct Row {
    name: String,
    /// What is declared from now on, if that changes.
    declared: Option<FileFormat>,
    /// What was declared when the file was checked, if the check depends on it.
    checked_with: Option<Option<FileFormat>>,
}

/// Registers the table unless it is registered, with what is declared for it. Returns its id and what was done.
async fn register(store: &Store, admin: &Admin, row: Row, details: Value) -> Result<(String, &'static str)> {
    let Row { name, declared, checked_with } = row;
    let actor = admin.actor();
    let new = Table {
        id: name.to_lowercase(),
        name,
        source_type: Some(SourceType::LOCAL),
        sync_strategy: Some(SyncStrategy::FullRefresh),
        query_mode: Some(QueryMode::Local),
        profile_after_sync: true,
        registered_by: Some(admin.user().email.clone()),
        ..Table::default()
    };
    let written = write_as(store, admin.clone(), move |change| {
        let rows = registry::all(change)?;
        let existing = rows.into_iter().find(|row| row.name.eq_ignore_ascii_case(&new.name));
        let now = existing.as_ref().and_then(|row| row.file_format.as_ref());
        if checked_with.is_some_and(|checked_with| checked_with.as_ref() != now) {
            return Err(Error::conflict(format!(
                "What is declared for table '{}' changed while the file was checked. Nothing was changed; upload it again",
                new.name
            )));
        }
        let (id, status) = match existing {
            Some(mut row) => {
                check_source(&new.name, row.source())?;
                let id = row.id.clone();
                if let Some(format) = declared {
                    row.file_format = format.or_none();
                    registry::update(change, &row)?;
                }
                (id, "updated")
            }
            None => {
                let table = Table { file_format: declared.and_then(FileFormat::or_none), ..new };
                registry::insert(change, &table)?;
                (table.id, "registered")
            }
        };
        audit::record(change, &actor, Action::TableUpload, &id, details)?;
        Ok((id, status))
    });
    written.await
}
