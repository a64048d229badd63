//! Tables in parts: only changed parts are downloaded, and the table changes in one step once all are there.

use std::fs;
use std::io;

use super::pending::PendingFile;
use super::state::Entry;
use crate::base::{atomic_file, hash};
use crate::cli::workspace::{IndexedPart, PartsIndex, Workspace, part_file_name};
use crate::protocol::sync::{ManifestPart, ManifestTable};

/// A table in parts as the server offers it.
#[derive(Debug)]
pub struct PartedTable {
    index: PartsIndex,
    version: String,
    rows: Option<i64>,
}

impl PartedTable {
    pub fn new(offer: &ManifestTable, parts: &[ManifestPart]) -> Self {
        let indexed = |part: &ManifestPart| IndexedPart {
            file: part_file_name(&part.name, &part.hash),
            hash: part.hash.clone(),
            size_bytes: part.size_bytes,
        };
        Self {
            index: PartsIndex { parts: parts.iter().map(|part| (part.name.clone(), indexed(part))).collect() },
            version: ManifestPart::version(parts),
            rows: offer.rows,
        }
    }

    /// The parts whose files are missing or not as offered. With `verify` every file is hashed.
    pub fn missing(&self, workspace: &Workspace, table: &str, verify: bool) -> io::Result<Vec<PendingFile>> {
        let mut missing = Vec::new();
        for (name, part) in &self.index.parts {
            let path = workspace.parts_folder(table).join(&part.file);
            let has_size = fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() == part.size_bytes);
            if !has_size || verify && hash::md5_file(&path)? != part.hash {
                missing.push(PendingFile::part(table, name, part));
            }
        }
        Ok(missing)
    }

    /// Whether the workspace has exactly these parts.
    pub fn is_installed(&self, workspace: &Workspace, table: &str) -> io::Result<bool> {
        Ok(PartsIndex::read(&workspace.parts_index(table))?.is_some_and(|index| index == self.index))
    }

    /// Makes the table consist of these parts, whose files all exist, and deletes its previous files.
    pub fn install(&self, workspace: &Workspace, table: &str) -> io::Result<()> {
        self.index.write(&workspace.parts_index(table))?;
        atomic_file::remove(&workspace.table_file(table))?;
        let current: Vec<&str> = self.index.parts.values().map(|part| part.file.as_str()).collect();
        for entry in fs::read_dir(workspace.parts_folder(table))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".parquet") && !current.contains(&name.as_str()) {
                atomic_file::remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// The entry of the table in the state.
    pub fn entry(&self) -> Entry {
        Entry {
            hash: self.version.clone(),
            rows: self.rows,
            size_bytes: self.index.parts.values().map(|part| part.size_bytes).sum(),
            md5: hash::sha256_hex(&self.version)[..32].to_owned(),
            mtime_ns: 0,
        }
    }
}

/// Deletes a table in parts, the index first: without it, what an interrupted deletion leaves is not a table.
pub fn remove(workspace: &Workspace, table: &str) -> io::Result<()> {
    let folder = workspace.parts_folder(table);
    if !folder.is_dir() {
        return Ok(());
    }
    atomic_file::remove(&workspace.parts_index(table))?;
    fs::remove_dir_all(folder)
}
