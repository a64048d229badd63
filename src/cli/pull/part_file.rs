//! What has come of a file so far. It outlives the process, so that the next pull continues where this one stopped.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::pending::PendingFile;
use super::plan::Plan;
use crate::base::atomic_file;
use crate::base::hash::{ContentHasher, hash_file};
use crate::cli::workspace::Workspace;

/// `.<table>.<version>.part`: a download of another version is never resumed.
pub fn path(workspace: &Workspace, pending: &PendingFile) -> PathBuf {
    let name = pending.name().replace('/', ".");
    let version: String = pending.version.text().chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    workspace.parquet_dir().join(format!(".{name}.{version}.part"))
}

/// Number of bytes in the file.
pub fn length(part: &Path) -> u64 {
    fs::metadata(part).map_or(0, |file| file.len())
}

/// Deletes part files of versions that are no longer needed, and temporary files of killed processes.
pub fn sweep(workspace: &Workspace, plan: &Plan) -> io::Result<()> {
    let needed: HashSet<PathBuf> = plan.downloads.iter().map(|file| path(workspace, file)).collect();
    let Ok(entries) = fs::read_dir(workspace.parquet_dir()) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stale_part = name.starts_with('.') && name.ends_with(".part") && !needed.contains(&path);
        if stale_part || atomic_file::is_temporary(&name) {
            atomic_file::remove(&path)?;
        } else if path.is_dir() && !workspace.parts_index(&name).exists() && !plan.parted.contains_key(&name) {
            // Parts that never became a table.
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// A part file that bytes are added to.
pub struct PartFile {
    file: Option<File>,
    hasher: ContentHasher,
    /// Number of bytes in the file.
    pub length: u64,
}

impl PartFile {
    /// What earlier attempts left; empty if nothing. Reads it once, for the hash.
    pub async fn open(part: &Path) -> io::Result<Self> {
        let part = part.to_owned();
        let hashed = tokio::task::spawn_blocking(move || match hash_file(&part) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((ContentHasher::default(), 0)),
            outcome => outcome,
        });
        let (hasher, length) = hashed.await.map_err(io::Error::other)??;
        Ok(Self { file: None, hasher, length })
    }

    /// For a file whose versions cannot be told apart: what is there is not used.
    pub fn empty() -> Self {
        Self { file: None, hasher: ContentHasher::default(), length: 0 }
    }

    /// Prepares for [`Self::write`]; without `keep`, what is there is thrown away.
    pub fn start(&mut self, part: &Path, keep: bool) -> io::Result<()> {
        if let Some(directory) = part.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(part)?;
        if !keep {
            file.set_len(0)?;
            self.hasher = ContentHasher::default();
            self.length = 0;
        }
        self.file = Some(file);
        Ok(())
    }

    /// Adds bytes whose first one is at `position` of the file; those that are there already are skipped.
    pub fn write(&mut self, position: u64, bytes: &[u8]) -> io::Result<()> {
        let there = usize::try_from(self.length.saturating_sub(position)).unwrap_or(usize::MAX);
        let new = bytes.get(there..).unwrap_or_default();
        if let Some(file) = &mut self.file {
            file.write_all(new)?;
            self.hasher.update(new);
            self.length += new.len() as u64;
        }
        Ok(())
    }

    /// MD5 of the file.
    pub fn finish(self) -> String {
        self.hasher.finish()
    }
}
