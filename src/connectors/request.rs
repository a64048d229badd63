use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Report;
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::{QueryMode, SyncStrategy};
use crate::store::registry::Table;

/// What an extractor is to fetch; the server sends it as JSON on standard input.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Request {
    pub tables: Vec<TableRequest>,
    /// Names of all tables that are registered for this source; others are dropped from the extract.
    /// Absent: everything that was published before stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<HashSet<String>>,
    /// Id of the requesting process; an extractor ends with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<u32>,
}

impl Request {
    /// The same request, with the requesting process.
    pub fn from_process(&self, id: u32) -> Self {
        Self { asked_by: Some(id), ..self.clone() }
    }

    /// The report to start with: a server is sent each table as soon as it is finished.
    pub fn report(&self) -> Report {
        if self.asked_by.is_some() { Report::live() } else { Report::default() }
    }
}

/// The part of a registry row that extractors need.
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
    pub query_mode: QueryMode,
    /// SQL of a materialized table.
    pub source_query: Option<String>,
    pub sync_strategy: Option<SyncStrategy>,
    pub sync_options: Option<SyncOptions>,
    pub primary_key: Vec<String>,
    pub description: Option<String>,
}

impl TableRequest {
    /// From a registry row.
    pub fn from_registry(table: &Table) -> Self {
        Self {
            id: table.id.clone(),
            name: table.name.clone(),
            bucket: table.bucket.clone(),
            source_table: table.source_table.clone(),
            query_mode: table.mode().clone(),
            source_query: table.source_query.clone(),
            sync_strategy: table.sync_strategy.clone(),
            sync_options: table.sync_options.clone(),
            primary_key: table.primary_key.clone(),
            description: table.description.clone(),
        }
    }

    /// The name at the source.
    pub fn source_name(&self) -> &str {
        self.source_table.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.name)
    }
}
