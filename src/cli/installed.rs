//! The tables of a workspace. Files never change; which of them make up the tables is in `sync_state.json`, whose
//! replacement is the one step in which a pull switches all tables.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::workspace::Workspace;
use crate::base::lock::FileLock;
use crate::base::time::modified_ns;
use crate::base::{ident, if_exists};
use crate::extract::parquet;

/// Longer than a pull takes to delete old files.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// `sync_state.json`: what the last pull installed in this workspace.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct State {
    /// Where the tables came from. The state of another server is ignored.
    pub server: String,
    pub tables: BTreeMap<String, Entry>,
    /// View name → what it reads, as last written into `analytics.duckdb`.
    pub views: BTreeMap<String, String>,
    pub last_sync: Option<String>,
}

/// A table as it was installed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Entry {
    /// As the manifest gave it; of a table in parts, all their hashes.
    pub hash: String,
    pub rows: Option<i64>,
    pub size_bytes: u64,
    /// One, or the parts.
    pub files: Vec<StoredFile>,
}

/// An installed file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct StoredFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Of its bytes.
    pub md5: String,
    pub size_bytes: u64,
    pub mtime_ns: i64,
}

impl State {
    /// The stored state; `None` if there is none, or it is unreadable.
    pub fn read(workspace: &Workspace) -> Option<Self> {
        let bytes = std::fs::read(workspace.state_file()).ok()?;
        let state: Self = serde_json::from_slice(&bytes).ok()?;
        // What does not look like ours is not made into paths.
        let is_ours = |file: &StoredFile| is_md5(&file.md5) && file.part.as_deref().is_none_or(ident::is_relaxed);
        let tables = state.tables.into_iter();
        let tables = tables.filter(|(table, entry)| ident::is_relaxed(table) && entry.files.iter().all(is_ours));
        Some(Self { tables: tables.collect(), ..state })
    }
}

impl Entry {
    /// Whether both have the same rows in the same parts.
    pub fn has_files_of(&self, other: &Self) -> bool {
        let same = |(one, other): (&StoredFile, &StoredFile)| (&one.part, &one.md5) == (&other.part, &other.md5);
        self.files.len() == other.files.len() && self.files.iter().zip(&other.files).all(same)
    }
}

impl StoredFile {
    pub fn new(part: Option<&str>, md5: &str, file: &Metadata) -> Self {
        let (part, md5) = (part.map(str::to_owned), md5.to_owned());
        Self { part, md5, size_bytes: file.len(), mtime_ns: modified_ns(file) }
    }

    /// Whether the file seems unchanged since it was installed.
    pub fn matches(&self, file: &Metadata) -> bool {
        file.len() == self.size_bytes && modified_ns(file) == self.mtime_ns
    }

    pub fn path(&self, table: &str, workspace: &Workspace) -> PathBuf {
        workspace.version_file(table, self.part.as_deref(), &self.md5)
    }
}

pub fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The tables that can be read.
#[derive(Debug, Default)]
pub struct Installed {
    /// Each with its files.
    tables: BTreeMap<String, Vec<PathBuf>>,
}

impl Installed {
    /// As the state says. Where there is none, as after a pull of v0.35, every file in `server/parquet` is a table.
    pub fn read(workspace: &Workspace) -> io::Result<Self> {
        let tables = match State::read(workspace) {
            Some(state) => Self::of(&state, workspace).tables,
            None => loose(workspace)?.into_iter().map(|(table, path)| (table, vec![path])).collect(),
        };
        Ok(Self { tables })
    }

    /// The tables of a state that may not be stored yet.
    pub fn of(state: &State, workspace: &Workspace) -> Self {
        let files = |table: &str, entry: &Entry| entry.files.iter().map(|file| file.path(table, workspace)).collect();
        let tables = state.tables.iter().filter(|(_, entry)| !entry.files.is_empty());
        Self { tables: tables.map(|(table, entry)| (table.clone(), files(table, entry))).collect() }
    }

    /// In order.
    pub fn tables(&self) -> impl Iterator<Item = &String> {
        self.tables.keys()
    }

    /// SQL that reads all rows of a table.
    pub fn relation(&self, table: &str) -> String {
        parquet::read_files(self.files(table).iter().map(PathBuf::as_path))
    }

    /// Its one file, or its parts.
    pub fn files(&self, table: &str) -> &[PathBuf] {
        self.tables.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// Keeps the files that exist now until the lock is dropped. `None` where nothing can be locked, as in a directory
    /// that may only be read: no pull can delete files there.
    pub fn keep(workspace: &Workspace) -> Option<FileLock> {
        FileLock::share_within(&workspace.readers_file(), LOCK_TIMEOUT).ok()
    }
}

/// The table files in `server/parquet`, by table.
pub fn loose(workspace: &Workspace) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in if_exists(std::fs::read_dir(workspace.parquet_dir()))?.into_iter().flatten() {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match name.strip_suffix(".parquet") {
            Some(table) if ident::is_relaxed(table) && !entry.file_type()?.is_dir() => {
                found.insert(table.to_owned(), entry.path());
            }
            _ => {}
        }
    }
    Ok(found)
}
