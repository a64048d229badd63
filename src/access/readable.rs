use std::sync::Arc;

use crate::extract::PublishedTable;

/// Proof that a caller may read a published table.
#[derive(Clone, Debug)]
pub struct ReadableTable {
    /// The registry id, on which grants are made; the name where a table is not registered.
    id: String,
    source_type: String,
    query_mode: String,
    table: Arc<PublishedTable>,
}

impl ReadableTable {
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `keboola`, `local` …; empty where a table is not registered.
    pub fn source_type(&self) -> &str {
        &self.source_type
    }

    /// `local` or `materialized`.
    pub fn query_mode(&self) -> &str {
        &self.query_mode
    }

    pub fn table(&self) -> &PublishedTable {
        &self.table
    }

    /// For unit tests of what takes the proof; everything else goes through `access`.
    #[cfg(test)]
    pub fn for_test(table: PublishedTable) -> Self {
        Self { id: table.name.clone(), source_type: "local".into(), query_mode: "local".into(), table: Arc::new(table) }
    }
}
