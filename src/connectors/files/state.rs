//! The state of a converted file, so that an unchanged one is not read again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::platform::files;
use crate::base::time::modified_ns;
use crate::extract::state_file;
use crate::extract::typing::Facts;
use crate::protocol::file_format::FileFormat;

/// Raised whenever a new conversion would write something else for the same file.
const CONVERTER: u32 = 3;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Fingerprint {
    file: PathBuf,
    size: u64,
    mtime_ns: i64,
    inode: u64,
    converter: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct State {
    pub source: Fingerprint,
    pub rows: i64,
    pub format: FileFormat,
    pub columns: Vec<Column>,
}

/// A column of a file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Column {
    pub name: String,
    /// What it was converted to, as DuckDB names it.
    pub kind: String,
    /// What its texts are; `None` in a parquet file.
    pub facts: Option<Facts>,
    /// The type in the file, of a column of parquet without any value: its nulls fit every type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_type: Option<String>,
}

impl Column {
    /// Returns whether no row of the file has a value in it.
    pub fn is_null(&self) -> bool {
        self.null_type.is_some() || self.facts.as_ref().is_some_and(|facts| facts.values == 0)
    }
}

impl Fingerprint {
    pub fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let (_, inode) = files::identity(path, &metadata)?;
        let (size, mtime_ns) = (metadata.len(), modified_ns(&metadata));
        Ok(Self { file: path.to_owned(), size, mtime_ns, inode, converter: CONVERTER })
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// How the files of a table were read last, be it one or several.
pub fn format(directory: &Path, table: &str) -> Option<FileFormat> {
    let one = state_file(directory, table);
    let parts = std::fs::read_dir(one.with_extension("")).into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(one.clone()).chain(parts).find_map(|path| read(&path)).map(|state| state.format)
}

/// Unreadable state counts as none: the file is converted again.
pub fn read(path: &Path) -> Option<State> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
