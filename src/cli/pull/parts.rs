//! Tables in parts: only the parts that changed are fetched, and the table changes at once, when all are there.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::plan::Wanted;
use super::state::Entry;
use crate::base::{atomic_file, hash};
use crate::cli::parts_index::{IndexedPart, PartsIndex};
use crate::cli::workspace::Workspace;
use crate::protocol::sync::{ManifestPart, ManifestTable};

/// A table in parts as the server offers it.
#[derive(Debug)]
pub struct Parted {
    index: PartsIndex,
    version: String,
    rows: Option<i64>,
}

impl Parted {
    pub fn new(offer: &ManifestTable, parts: &[ManifestPart]) -> Self {
        let indexed = |part: &ManifestPart| IndexedPart {
            file: file_name(&part.name, &part.hash),
            hash: part.hash.clone(),
            size_bytes: part.size_bytes,
        };
        Self {
            index: PartsIndex { parts: parts.iter().map(|part| (part.name.clone(), indexed(part))).collect() },
            version: ManifestPart::version(parts),
            rows: offer.rows,
        }
    }

    /// The parts whose files are not there as offered. With `verify` every file is hashed.
    pub fn missing(&self, workspace: &Workspace, table: &str, verify: bool) -> io::Result<Vec<Wanted>> {
        let mut missing = Vec::new();
        for (name, part) in &self.index.parts {
            let path = workspace.parts_folder(table).join(&part.file);
            let has_size = fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() == part.size_bytes);
            if !has_size || verify && hash::md5_file(&path)? != part.hash {
                missing.push(Wanted::part(table, name, part));
            }
        }
        Ok(missing)
    }

    /// Whether the table is in the workspace just so.
    pub fn is_installed(&self, workspace: &Workspace, table: &str) -> io::Result<bool> {
        Ok(PartsIndex::read(workspace, table)?.is_some_and(|index| index == self.index))
    }

    /// Makes the parts, all of which are there, the table, and deletes what it consisted of before.
    pub fn install(&self, workspace: &Workspace, table: &str) -> io::Result<()> {
        self.index.write(workspace, table)?;
        atomic_file::remove(&workspace.table_file(table))?;
        let kept: Vec<&str> = self.index.parts.values().map(|part| part.file.as_str()).collect();
        for entry in fs::read_dir(workspace.parts_folder(table))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".parquet") && !kept.contains(&name.as_str()) {
                atomic_file::remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// What the state says of the table.
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

/// Where a part belongs.
pub fn target(workspace: &Workspace, table: &str, part: &str, hash: &str) -> PathBuf {
    workspace.parts_folder(table).join(file_name(part, hash))
}

/// Deletes a table in parts; the index first, so that what is left of a killed process counts as nothing.
pub fn remove(workspace: &Workspace, table: &str) -> io::Result<()> {
    let folder = workspace.parts_folder(table);
    if !folder.is_dir() {
        return Ok(());
    }
    atomic_file::remove(&workspace.parts_index(table))?;
    fs::remove_dir_all(folder)
}

/// Tables by name.
pub type PartedTables = BTreeMap<String, Parted>;

fn file_name(part: &str, hash: &str) -> String {
    format!("{part}.{hash}.parquet")
}
