//! What is remembered of a converted file, so that an unchanged one is not converted again.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Grows whenever a new conversion would write something else for the same file.
const CONVERTER: u32 = 1;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Fingerprint {
    file: PathBuf,
    size: u64,
    mtime_ns: i64,
    inode: u64,
    converter: u32,
}

#[derive(Debug, Deserialize, Serialize)]
pub struct State {
    pub source: Fingerprint,
    pub rows: i64,
}

impl Fingerprint {
    pub fn of(path: &Path) -> std::io::Result<Self> {
        let metadata: Metadata = std::fs::metadata(path)?;
        let mtime_ns = metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec();
        Ok(Self { file: path.to_owned(), size: metadata.len(), mtime_ns, inode: metadata.ino(), converter: CONVERTER })
    }
}

impl Fingerprint {
    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

pub fn directory(source: &Path) -> PathBuf {
    source.join("state")
}

/// Where the note about a table is, or about `table/part`.
pub fn path(source: &Path, table: &str) -> PathBuf {
    directory(source).join(format!("{table}.json"))
}

/// An unreadable note counts as none: the file is converted again.
pub fn read(path: &Path) -> Option<State> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
