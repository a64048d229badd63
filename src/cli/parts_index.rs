//! `parts.json`: which files make up a table in parts.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::workspace::Workspace;
use crate::base::atomic_file;

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PartsIndex {
    /// By the names of the parts.
    pub parts: BTreeMap<String, IndexedPart>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct IndexedPart {
    /// File name in the same folder; holds the hash, so that a new version is another file.
    pub file: String,
    /// MD5 of the file.
    pub hash: String,
    pub size_bytes: u64,
}

impl PartsIndex {
    /// The index of a table; `None` where the table is not in parts.
    pub fn read(workspace: &Workspace, table: &str) -> io::Result<Option<Self>> {
        match std::fs::read(workspace.parts_index(table)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn write(&self, workspace: &Workspace, table: &str) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        atomic_file::write(&workspace.parts_index(table), &text, atomic_file::PUBLIC)
    }
}
