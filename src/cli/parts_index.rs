//! `parts.json`: which files make up a table in parts.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::atomic_file;

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PartsIndex {
    /// By the names of the parts.
    pub parts: BTreeMap<String, IndexedPart>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct IndexedPart {
    /// File name in the same folder, see [`part_file_name`].
    pub file: String,
    /// MD5 of the file.
    pub hash: String,
    pub size_bytes: u64,
}

impl PartsIndex {
    /// Reads an index; `None` where there is none, so that the table is not in parts.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn write(&self, path: &Path) -> io::Result<()> {
        atomic_file::write(path, &serde_json::to_vec_pretty(self)?, atomic_file::PUBLIC)
    }
}

/// Name of a part's file: with the hash, so that a new version is another file.
pub fn part_file_name(part: &str, hash: &str) -> String {
    format!("{part}.{hash}.parquet")
}
