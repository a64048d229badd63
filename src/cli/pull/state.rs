//! `sync_state.json`: what the last pull installed in this workspace.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;

use serde::{Deserialize, Serialize};

use super::pending::PendingFile;
use crate::base::atomic_file;
use crate::cli::workspace::Workspace;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct State {
    /// Where the tables came from. The state of another server is ignored.
    pub server: String,
    pub tables: BTreeMap<String, Entry>,
    /// View name → path of its parquet file, as last written into `analytics.duckdb`.
    pub views: BTreeMap<String, String>,
    pub last_sync: Option<String>,
}

/// A table as it was installed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Entry {
    /// As the manifest gave it.
    pub hash: String,
    pub rows: Option<i64>,
    pub size_bytes: u64,
    /// MD5 of the file's bytes.
    pub md5: String,
    pub mtime_ns: i64,
}

impl State {
    /// The state for `server`; one that is unreadable or of another server is ignored.
    pub fn load(workspace: &Workspace, server: &str) -> Self {
        match Self::stored(workspace) {
            state if state.server == server => state,
            state => Self { server: server.to_owned(), views: state.views, ..Self::default() },
        }
    }

    /// The state whatever its server; that of a new workspace if there is none, or it is unreadable.
    pub fn stored(workspace: &Workspace) -> Self {
        let known = std::fs::read(workspace.state_file()).ok();
        known.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    pub fn save(&self, workspace: &Workspace) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        atomic_file::write(&workspace.state_file(), &text)
    }
}

impl Entry {
    /// For a file that was installed.
    pub fn new(pending: &PendingFile, file: &Metadata, md5: String) -> Self {
        let (hash, mtime_ns) = (pending.version.text().to_owned(), mtime_ns(file));
        Self { hash, rows: pending.rows, size_bytes: file.len(), md5, mtime_ns }
    }

    /// Whether the file seems unchanged since it was installed.
    pub fn matches(&self, file: &Metadata) -> bool {
        file.len() == self.size_bytes && mtime_ns(file) == self.mtime_ns
    }
}

/// Time of the last change, in nanoseconds since 1970.
pub fn mtime_ns(file: &Metadata) -> i64 {
    file.mtime().saturating_mul(1_000_000_000).saturating_add(file.mtime_nsec())
}
