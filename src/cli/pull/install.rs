//! Switching the tables of a workspace, and deleting what nobody can read any more.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::plan::Wanted;
use super::report::Report;
use super::{state, views};
use crate::base::lock::FileLock;
use crate::base::platform::names;
use crate::base::time::modified_ns;
use crate::base::{atomic_file, ident, if_exists};
use crate::cli::installed::{self, State, is_md5};
use crate::cli::workspace::Workspace;

/// Makes `state` what the workspace has: for queries in one step, and for those who open `analytics.duckdb` in another.
/// All its files are there. Of the other files, those in `useful` stay for the next pull.
pub fn switch(
    workspace: &Workspace,
    state: &mut State,
    useful: &HashSet<PathBuf>,
    report: &mut Report,
) -> io::Result<()> {
    sync_names(workspace, state)?;
    let is_published = match views::publish(workspace, state) {
        Ok(unreadable) => {
            unreadable.iter().for_each(|(table, error)| report.table_failed(table, error));
            true
        }
        Err(error) => {
            report.failed("views", &error.to_string());
            false
        }
    };
    state::save(state, workspace)?;
    link(workspace, state, report)?;
    // Views that could not be replaced still read the previous files.
    if is_published {
        sweep(workspace, state, useful)?;
    }
    Ok(())
}

/// Makes the names of all files durable, before anything says that they are there.
fn sync_names(workspace: &Workspace, state: &State) -> io::Result<()> {
    let folder = |(table, entry): (&String, &installed::Entry)| {
        entry.files.iter().filter_map(|file| Some(file.path(table, workspace).parent()?.to_owned())).collect::<Vec<_>>()
    };
    let folders: BTreeSet<PathBuf> = state.tables.iter().flat_map(folder).collect();
    folders.iter().filter(|folder| folder.is_dir()).try_for_each(|folder| atomic_file::sync_directory(folder))
}

/// Gives files that are in `server/parquet` only the names by which they are used.
pub fn adopt(workspace: &Workspace, table: &str, wanted: &Wanted) -> io::Result<()> {
    for file in wanted.loose() {
        let target = file.path(table, workspace);
        atomic_file::link(&workspace.table_file(table), &target)?;
        atomic_file::sync_directory(&workspace.versions_dir())?;
    }
    Ok(())
}

/// Shows the current files in `server/parquet`.
fn link(workspace: &Workspace, state: &State, report: &mut Report) -> io::Result<()> {
    let mut has_new = false;
    for (table, entry) in &state.tables {
        let [file] = entry.files.as_slice() else { continue };
        if file.part.is_some() {
            continue;
        }
        let (source, target) = (file.path(table, workspace), workspace.table_file(table));
        let outcome = match (fs::metadata(&source), if_exists(fs::symlink_metadata(&target))) {
            (Ok(file), Ok(Some(shown))) if is_same(&file, &shown) => continue,
            _ => atomic_file::link(&source, &target),
        };
        has_new = true;
        if let Err(error) = outcome {
            report.table_failed(table, &format!("{}: {error}", target.display()));
        }
    }
    if has_new { atomic_file::sync_directory(&workspace.parquet_dir()) } else { Ok(()) }
}

/// Two names of one file, or a copy of it.
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.len() == other.len() && modified_ns(one) == modified_ns(other)
}

/// Deletes files of ours that belong to no table. Old versions stay while somebody reads.
fn sweep(workspace: &Workspace, state: &State, useful: &HashSet<PathBuf>) -> io::Result<()> {
    let alone = FileLock::acquire(&workspace.readers_file());
    let files = |(table, entry): (&String, &installed::Entry)| {
        entry.files.iter().map(|file| file.path(table, workspace)).collect::<Vec<_>>()
    };
    let current: HashSet<PathBuf> = state.tables.iter().flat_map(files).collect();
    let remove = |path: &Path, kind: Kind| match kind {
        _ if useful.contains(path) || current.contains(path) => Ok(()),
        Kind::Version if alone.is_err() => Ok(()),
        Kind::Foreign => Ok(()),
        // If that is not durable, the next pull does it again.
        Kind::Version | Kind::Unfinished => if_exists(fs::remove_file(path)).map(drop),
    };
    for (path, name, is_folder) in entries(&workspace.versions_dir())? {
        if !is_folder {
            remove(&path, kind(&name))?;
        }
    }
    let is_shown =
        |table: &str| state.tables.get(table).is_some_and(|entry| entry.files.iter().any(|file| file.part.is_none()));
    for (path, name, is_folder) in entries(&workspace.parquet_dir())? {
        if is_folder {
            for (path, name, is_folder) in entries(&path)? {
                if !is_folder {
                    remove(&path, kind(&name))?;
                }
            }
            // Only if nothing is left in it.
            let _ = fs::remove_dir(&path);
        } else if let Some(table) = name.strip_suffix(".parquet").map(names::of_file) {
            if ident::is_relaxed(&table) && !is_shown(&table) {
                atomic_file::remove(&path)?;
            }
        } else if atomic_file::is_temporary(&name) {
            atomic_file::remove(&path)?;
        }
    }
    Ok(())
}

/// Path and name of each entry, and whether it is a folder.
fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, String, bool)>> {
    let entries = if_exists(fs::read_dir(folder))?.into_iter().flatten();
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.path(), entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()))
    };
    entries.map(entry).collect()
}

#[derive(Clone, Copy)]
enum Kind {
    /// Of a table or a part.
    Version,
    Unfinished,
    Foreign,
}

fn kind(name: &str) -> Kind {
    let is_unfinished = name.starts_with('.') && (name.ends_with(".part") || name.ends_with(".part-tag"));
    let version = name.strip_suffix(".parquet").and_then(|rest| rest.rsplit_once('.'));
    match version {
        _ if is_unfinished || atomic_file::is_temporary(name) => Kind::Unfinished,
        Some((_, md5)) if is_md5(md5) => Kind::Version,
        _ => Kind::Foreign,
    }
}
