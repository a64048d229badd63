//! Uploading a data file as a table of the `local` source.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::access::Admin;
use crate::base::atomic_file::{self, Pending};
use crate::connectors::files;
use crate::domain::{Error, Result, registry::rules};
use crate::extract::Publication;
use crate::protocol::upload::{Column, UploadedTable};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::store::audit::{self, Action};
use crate::store::registry::{self, Table};
use crate::store::{Snapshot, Store};
use crate::sync::Runner;

/// A received file that is to become a table.
pub struct Upload {
    /// The table's name.
    pub name: String,
    /// The file's extension, e.g. `.csv.gz`.
    pub extension: String,
    pub file: Pending,
    pub size_bytes: u64,
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
    upload: Upload,
) -> Result<UploadedTable> {
    let Upload { name, extension, file, size_bytes } = upload;
    let file_name = format!("{name}{extension}");
    let checked = runner.check_file(file.path(), &file_name).await;
    let checked = checked.map_err(|error| Error::Unprocessable(format!("{error}. Nothing was changed.")))?;
    // It may have been registered for another source while the file was received.
    store.snapshot().registry.by_name(&name).map_or(Ok(()), |row| check_source(&name, row.source()))?;
    let (table, directory) = (name.clone(), folder.to_owned());
    tokio::task::spawn_blocking(move || replace_files(file, &directory, &table, &file_name))
        .await
        .map_err(io::Error::other)??;
    let details = json!({ "rows": checked.rows, "bytes": size_bytes });
    let (id, status) = register(store, admin, &name, details).await?;
    let run_id = runner.trigger(Some([id.clone()].into()), Some(&admin.user().email));
    let columns = checked.columns.into_iter().map(|(name, kind)| Column { name, kind }).collect();
    Ok(UploadedTable { id, name, rows: checked.rows, size_bytes, columns, status: status.into(), run_id })
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

/// Registers the table unless it is registered. Returns its id and what was done.
async fn register(store: &Store, admin: &Admin, name: &str, details: Value) -> Result<(String, &'static str)> {
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
    let written = store.write(move |change| {
        let rows = registry::all(change)?;
        let existing = rows.into_iter().find(|row| row.name.eq_ignore_ascii_case(&table.name));
        let (id, status) = match existing {
            Some(row) => {
                check_source(&table.name, row.source())?;
                (row.id, "updated")
            }
            None => {
                registry::insert(change, &table)?;
                (table.id, "registered")
            }
        };
        audit::record(change, &actor, Action::TableUpload, &id, details)?;
        Ok((id, status))
    });
    written.await
}
