//! What is published: for each table immutable parquet files, or the way to its source; all of one generation.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::{RemoteTable, TableMeta};
use crate::base::atomic_file::Pending;
use crate::base::hash;

#[derive(Clone, Debug, PartialEq)]
pub struct PublishedTable {
    pub name: String,
    /// The source that publishes it, i.e. its directory below `extracts/`.
    pub source: String,
    pub description: Option<String>,
    pub content: Content,
    pub rows: i64,
    pub extracted_at: Option<Timestamp>,
    /// In their order; empty if they are not known, as after an update from a version that did not record them.
    pub columns: Arc<[Column]>,
    /// The times (ns) and sizes of the source's files, as text; differs if they have changed since.
    pub origin: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    /// As DuckDB writes it.
    pub column_type: String,
}

/// Where the rows of a table are.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    File(PublishedFile),
    /// One file for each partition, in order of their names.
    Parts(Vec<Part>),
    /// At the source itself; there is nothing to download.
    Remote(RemoteTable),
}

/// A file below `analytics/published/`, which never changes.
#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublishedFile {
    pub path: PathBuf,
    /// MD5 of the bytes.
    pub hash: String,
    pub size_bytes: u64,
}

impl PublishedFile {
    /// Gives a finished file a name that ends in its hash.
    pub fn commit(pending: Pending, stem: &str) -> io::Result<Self> {
        let hash = hash::md5_file(pending.path())?;
        let size_bytes = pending.path().metadata()?.len();
        let path = pending.commit_as(&format!("{stem}.{hash}.parquet"))?;
        Ok(Self { path, hash, size_bytes })
    }
}

/// One partition of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The partition, e.g. `2026-11`.
    pub name: String,
    pub file: PublishedFile,
    pub rows: i64,
}

impl PublishedTable {
    /// A table that its source describes in `_meta`.
    pub fn new(source: &str, meta: &TableMeta, content: Content, rows: i64, origin: String) -> Self {
        let (name, description) = (meta.table_name.clone(), meta.description.clone());
        let (source, extracted_at, columns) = (source.to_owned(), meta.extracted_at, Arc::default());
        Self { name, source, description, content, rows, extracted_at, columns, origin }
    }

    pub fn files(&self) -> impl Iterator<Item = &PublishedFile> {
        let (file, parts) = match &self.content {
            Content::File(file) => (Some(file), [].as_slice()),
            Content::Parts(parts) => (None, parts.as_slice()),
            Content::Remote(_) => (None, [].as_slice()),
        };
        file.into_iter().chain(parts.iter().map(|part| &part.file))
    }

    pub fn size_bytes(&self) -> u64 {
        self.files().map(|file| file.size_bytes).sum()
    }

    /// Identifies the content: the MD5 of the file, or a digest of the names and hashes of the parts; empty for remote rows.
    pub fn version(&self) -> String {
        match &self.content {
            Content::File(file) => file.hash.clone(),
            Content::Parts(parts) => {
                let names: Vec<_> = parts.iter().map(|part| format!("{}:{}", part.name, part.file.hash)).collect();
                format!("parts-{}", &hash::sha256_hex(&names.join("\n"))[..32])
            }
            Content::Remote(_) => String::new(),
        }
    }
}

/// One published generation. Readers hold it by `Arc` until they finish.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// Incremented by every rebuild of this process.
    pub generation: u64,
    tables: BTreeMap<String, Arc<PublishedTable>>,
    /// Sources whose extracts are not written by this program.
    foreign: HashSet<String>,
}

impl Publication {
    pub fn new(generation: u64, tables: impl IntoIterator<Item = PublishedTable>) -> Self {
        let tables = tables.into_iter().map(|table| (table.name.to_lowercase(), Arc::new(table))).collect();
        Self { generation, tables, foreign: HashSet::new() }
    }

    /// Marks the sources for which `is_foreign` holds as not written by this program but by a custom connector or by hand.
    pub fn with_foreign(mut self, is_foreign: impl Fn(&str) -> bool) -> Self {
        let sources = self.tables.values().map(|table| &table.source);
        self.foreign = sources.filter(|source| is_foreign(source)).cloned().collect();
        self
    }

    /// Returns whether the extract of that source is not written by this program.
    pub fn is_foreign(&self, source: &str) -> bool {
        self.foreign.contains(source)
    }

    /// Finds a table without regard to case.
    pub fn get(&self, name: &str) -> Option<&Arc<PublishedTable>> {
        self.tables.get(&name.to_lowercase())
    }

    /// In order of their lower-cased names.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<PublishedTable>> {
        self.tables.values()
    }
}
