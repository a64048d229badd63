//! Putting a fetched snapshot in place.

use std::fs::{self, File};
use std::time::Duration;

use super::fetch::Fetched;
use super::meta::Meta;
use super::stored;
use crate::base::lock::{FileLock, LockError};
use crate::base::{atomic_file, time};
use crate::cli::pull::views;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context, exit};

/// How long a command waits for another one that changes snapshots; none holds the lock while it fetches.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
/// A temporary file of this age belongs to a running command only if it is locked.
const SETTLED: Duration = Duration::from_secs(60);

/// Whether a snapshot of the name may be there already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Replace {
    Never,
    IfThere,
    /// It is a new version of that one.
    Only,
}

/// The lock of all changes to snapshots.
pub fn lock(workspace: &Workspace) -> Result<FileLock, CliError> {
    let lock = FileLock::acquire_within(&workspace.snapshots_dir().join(".lock"), LOCK_TIMEOUT);
    lock.map_err(|error| match error {
        LockError::Held(_) => CliError::new("workspace_locked", format!("the snapshots are in use ({error})"))
            .hint("Try again when the other command is done."),
        LockError::Io(error) => {
            let place = workspace.snapshots_dir();
            CliError::new("workspace_unwritable", format!("cannot write to {}: {error}", place.display()))
        }
    })
}

/// Makes the file the snapshot of that name. Until it is renamed, the previous one stays.
pub fn install(
    name: &str,
    fetched: Fetched,
    scan_bytes: u64,
    replace: Replace,
    workspace: &Workspace,
    context: &Context,
) -> anyhow::Result<Meta> {
    let lock = lock(workspace)?;
    sweep(workspace);
    match (replace, stored::read(workspace, name)?) {
        (Replace::Never, Some(there)) => return Err(exists(&there).into()),
        (Replace::Only, None) => {
            let error = CliError::new("not_found", format!("{name} was dropped in the meantime"));
            return Err(error.exiting(exit::USAGE).into());
        }
        _ => {}
    }
    let now = time::iso_offset(time::now());
    let meta = Meta {
        name: name.to_owned(),
        origin: fetched.origin,
        fetched_at: now.clone(),
        effective_as_of: now,
        rows: fetched.rows,
        bytes_local: fetched.bytes,
        estimated_scan_bytes_at_fetch: scan_bytes,
        result_hash_md5: fetched.md5,
    };
    fetched.pending.commit()?;
    // Queries lock it, too.
    drop(fetched.file);
    stored::describe(workspace, &meta)?;
    drop(lock);
    show_in_views(workspace, context);
    Ok(meta)
}

/// The error of a name that a snapshot has.
pub fn exists(there: &Meta) -> CliError {
    let (name, rows) = (&there.name, there.rows);
    CliError::new("snapshot_exists", format!("snapshot {name} exists ({rows} rows, fetched {})", there.fetched_at))
        .hint(format!("Update it with: agnes snapshot refresh {name}, or replace it with --force."))
        .exiting(exit::EXISTS)
}

/// Brings the views of `analytics.duckdb`, which other programs open, in line. `agnes query` does not need them.
pub fn show_in_views(workspace: &Workspace, context: &Context) {
    if let Err(error) = views::renew(workspace) {
        context.printer.warn(format_args!("the views of analytics.duckdb: {error}"));
    }
}

/// Deletes what killed commands have left.
fn sweep(workspace: &Workspace) {
    for entry in fs::read_dir(workspace.snapshots_dir()).into_iter().flatten().flatten() {
        let is_settled = || entry.metadata().ok()?.modified().ok()?.elapsed().ok().map(|age| age > SETTLED);
        let is_left = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        let name = entry.file_name();
        if atomic_file::is_temporary(&name.to_string_lossy()) && is_settled() == Some(true) && is_left() {
            let _ = fs::remove_file(entry.path());
        }
    }
}
