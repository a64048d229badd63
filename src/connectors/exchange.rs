//! What the server sends to an extractor, and what that answers.

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::file_format::FileFormat;
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::{QueryMode, SyncStrategy};
use crate::store::registry::Table;

/// The tables that an extractor fetches; the server sends it as JSON on standard input.
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
        Report { is_live: self.asked_by.is_some(), ..Report::default() }
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
    /// How its text files are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_format: Option<FileFormat>,
}

impl TableRequest {
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
            file_format: table.file_format.clone(),
        }
    }

    pub fn source_name(&self) -> &str {
        self.source_table.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.name)
    }
}

/// The outcome of one extractor run; printed as one JSON line on standard output.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Report {
    pub tables_extracted: usize,
    pub tables_failed: usize,
    pub errors: Vec<TableError>,
    /// Remarks on tables that were extracted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<TableNote>,
    /// Whether each table is printed as a line of its own as soon as it is finished.
    #[serde(skip)]
    is_live: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct TableError {
    pub table: String,
    pub error: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct TableNote {
    pub table: String,
    pub note: String,
}

/// A table that was extracted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub rows: i64,
    /// E.g. that a column changed its type.
    pub notes: Vec<String>,
}

/// A finished table, as a line of JSON before the report's.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Finished {
    pub table: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    pub duration_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Report {
    /// The report of a run that fetched none of these tables.
    pub fn all_failed<'a>(tables: impl IntoIterator<Item = &'a TableRequest>, error: &str) -> Self {
        let mut report = Self::default();
        tables.into_iter().for_each(|table| report.failed(&table.name, error));
        report
    }

    /// Counts a table that was extracted, or why it was not.
    pub fn finished(&mut self, table: &str, outcome: &Result<Done, String>, elapsed: Duration) {
        let (rows, error, notes) = match outcome {
            Ok(done) => (Some(done.rows), None, done.notes.clone()),
            Err(error) => (None, Some(error.clone()), Vec::new()),
        };
        match &error {
            None => self.tables_extracted += 1,
            Some(error) => {
                tracing::warn!(table, error, "table was not extracted");
                self.failed(table, error);
            }
        }
        self.notes.extend(notes.iter().map(|note| TableNote { table: table.to_owned(), note: note.clone() }));
        if self.is_live {
            let duration_ms = elapsed.as_millis() as u64;
            let line = serde_json::to_string(&Finished { table: table.to_owned(), rows, duration_ms, error, notes });
            // The report repeats it, so a failure loses nothing.
            let _ = writeln!(std::io::stdout().lock(), "{}", line.unwrap_or_default());
        }
    }

    pub fn failed(&mut self, table: &str, error: &str) {
        self.tables_failed += 1;
        self.errors.push(TableError { table: table.to_owned(), error: error.to_owned() });
    }

    /// 0 when nothing failed, 1 when everything did, 2 when some tables did.
    pub fn exit_code(&self) -> u8 {
        match (self.tables_failed, self.tables_extracted) {
            (0, _) => 0,
            (_, 0) => 1,
            _ => 2,
        }
    }
}
