use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// What an extractor shall fetch; the server hands it over as JSON on standard input.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Request {
    pub tables: Vec<TableRequest>,
    /// Names of all tables that are registered for this source; others are dropped from the extract.
    /// Absent: everything that was published before stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<HashSet<String>>,
}

/// The registry row of one table, as far as extractors need it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct TableRequest {
    pub id: String,
    /// Name of the published table.
    pub name: String,
    /// Full bucket id with its stage, e.g. `in.c-crm`.
    pub bucket: Option<String>,
    /// Name at the source; the table's name where absent.
    pub source_table: Option<String>,
    pub query_mode: String,
    pub sync_strategy: Option<String>,
    pub primary_key: Vec<String>,
    pub description: Option<String>,
}

impl TableRequest {
    /// The name at the source.
    pub fn source_name(&self) -> &str {
        self.source_table.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.name)
    }
}
