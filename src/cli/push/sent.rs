//! `push_state.json`: which files were uploaded, so that each is uploaded once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::base::atomic_file;
use crate::base::hash::md5_file;
use crate::cli::workspace::Workspace;

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Sent {
    /// Where they were uploaded to. The state of another server is ignored.
    server: String,
    /// By path.
    files: BTreeMap<PathBuf, Version>,
    #[serde(skip)]
    is_dirty: bool,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct Version {
    size_bytes: u64,
    modified: Option<SystemTime>,
    /// Hash of the content.
    md5: String,
    /// The server does not want it.
    is_refused: bool,
}

/// A file to upload, as it is now.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    version: Version,
}

impl File {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn size_bytes(&self) -> u64 {
        self.version.size_bytes
    }
}

impl Sent {
    pub fn load(workspace: &Workspace, server: &str) -> Self {
        let stored = fs::read(path(workspace)).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let stored = stored.filter(|sent| sent.server == server);
        stored.unwrap_or_else(|| Self { server: server.to_owned(), ..Self::default() })
    }

    /// The file, if it is not what was uploaded before.
    pub fn changed(&self, path: PathBuf) -> io::Result<Option<File>> {
        if !self.has_changed(&path)? {
            return Ok(None);
        }
        let file = fs::metadata(&path)?;
        let (size_bytes, modified) = (file.len(), file.modified().ok());
        let md5 = md5_file(&path)?;
        Ok(Some(File { path, version: Version { size_bytes, modified, md5, is_refused: false } }))
    }

    /// Whether the file is not what was uploaded before. Only one with a new time and the old size is hashed.
    pub fn has_changed(&self, path: &Path) -> io::Result<bool> {
        let file = fs::metadata(path)?;
        let Some(known) = self.files.get(path) else { return Ok(true) };
        Ok(match known.size_bytes == file.len() {
            true => known.modified != file.modified().ok() && known.md5 != md5_file(path)?,
            false => true,
        })
    }

    pub fn accepted(&mut self, file: File) {
        self.is_dirty = true;
        self.files.insert(file.path, file.version);
    }

    pub fn refused(&mut self, file: File) {
        self.is_dirty = true;
        self.files.insert(file.path, Version { is_refused: true, ..file.version });
    }

    /// Stores what has changed; a directory is made only for that.
    pub fn save(&self, workspace: &Workspace) -> io::Result<()> {
        if !self.is_dirty {
            return Ok(());
        }
        fs::create_dir_all(workspace.duckdb_dir())?;
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        atomic_file::write(&path(workspace), &text)
    }
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.duckdb_dir().join("push_state.json")
}
