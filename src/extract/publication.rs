//! What is published: one immutable parquet file for each table, all of one generation.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

/// A table that people can be given.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedTable {
    pub name: String,
    /// The source that publishes it, i.e. its directory below `extracts/`.
    pub source: String,
    pub description: Option<String>,
    /// Below `analytics/published/`; never changed once it is there.
    pub file: PathBuf,
    /// MD5 of the file.
    pub hash: String,
    pub size_bytes: u64,
    pub rows: i64,
    pub extracted_at: Option<Timestamp>,
    /// Tells whether the source's file has changed since: its time (ns) and size, as text.
    pub origin: String,
}

/// One published generation. Readers hold it by `Arc` until they finish.
#[derive(Debug, Default)]
pub struct Publication {
    /// Grows with every rebuild of this process.
    pub generation: u64,
    tables: BTreeMap<String, Arc<PublishedTable>>,
}

impl Publication {
    pub fn new(generation: u64, tables: impl IntoIterator<Item = PublishedTable>) -> Self {
        let tables = tables.into_iter().map(|table| (table.name.to_lowercase(), Arc::new(table))).collect();
        Self { generation, tables }
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
