//! The snapshots of a workspace, as files.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::meta::Meta;
use crate::base::platform::names;
use crate::base::{atomic_file, ident, if_exists};
use crate::cli::installed::Installed;
use crate::cli::workspace::Workspace;
use crate::extract::parquet;

/// The rows of a snapshot. It exists once this file does.
pub fn file(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.snapshots_dir().join(format!("{}.parquet", names::for_file(name)))
}

fn description(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.snapshots_dir().join(format!("{}.meta.json", names::for_file(name)))
}

/// SQL that reads all rows of a snapshot.
pub fn relation(workspace: &Workspace, name: &str) -> String {
    parquet::read_files([file(workspace, name)].iter().map(PathBuf::as_path))
}

/// The snapshots that have a file, in order.
pub fn names(workspace: &Workspace) -> io::Result<BTreeSet<String>> {
    let Some(entries) = if_exists(fs::read_dir(workspace.snapshots_dir()))? else { return Ok(BTreeSet::new()) };
    let mut found = BTreeSet::new();
    for entry in entries {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let name = file.strip_suffix(".parquet").map(names::of_file);
        found.extend(name.filter(|name| ident::is_strict(name)).map(Into::into));
    }
    Ok(found)
}

/// A snapshot, if it exists and something is known about it.
pub fn read(workspace: &Workspace, name: &str) -> io::Result<Option<Meta>> {
    Ok(if_exists(Meta::read(name, &file(workspace, name), &description(workspace, name)))?.flatten())
}

/// All snapshots that something is known about, in order of their names.
pub fn all(workspace: &Workspace) -> io::Result<Vec<Meta>> {
    let found = names(workspace)?.into_iter().map(|name| read(workspace, &name));
    Ok(found.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Describes a snapshot whose file is in place.
pub fn describe(workspace: &Workspace, meta: &Meta) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(meta)?;
    text.push(b'\n');
    atomic_file::write(&description(workspace, &meta.name), &text)
}

/// Removes the file first: without it, the snapshot does not exist.
pub fn remove(workspace: &Workspace, name: &str) -> io::Result<()> {
    atomic_file::remove(&file(workspace, name))?;
    atomic_file::remove(&description(workspace, name))
}

/// What queries find in a workspace by name.
pub struct Visible {
    pub tables: Vec<String>,
    pub snapshots: Vec<String>,
}

impl Visible {
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.snapshots.is_empty()
    }
}

/// Of a table and a snapshot with the same name, the table, unless the snapshot was made to replace it.
pub fn visible(workspace: &Workspace, installed: &Installed) -> io::Result<Visible> {
    let mut tables: Vec<String> = installed.tables().cloned().collect();
    let mut snapshots = Vec::new();
    for name in names(workspace)? {
        let is_of_table = |table: &String| table.eq_ignore_ascii_case(&name);
        if tables.iter().any(is_of_table) {
            if !read(workspace, &name)?.is_some_and(|meta| meta.origin.replaces_table) {
                continue;
            }
            tables.retain(|table| !is_of_table(table));
        }
        snapshots.push(name);
    }
    Ok(Visible { tables, snapshots })
}
