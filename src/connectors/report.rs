use std::io::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The outcome of one extractor run; printed as one JSON line on standard output.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Report {
    pub tables_extracted: usize,
    pub tables_failed: usize,
    pub errors: Vec<TableError>,
    /// What is worth knowing of tables that were extracted all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<TableNote>,
    /// Whether each table is told as a line of its own as soon as it is finished.
    #[serde(skip)]
    told: bool,
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
    /// A report that also tells each table at once, for a server that listens.
    pub fn telling() -> Self {
        Self { told: true, ..Self::default() }
    }

    /// Counts a table that was extracted, or why it was not.
    pub fn finished(&mut self, table: &str, outcome: &Result<Done, String>, took: Duration) {
        let (rows, error, notes) = match outcome {
            Ok(done) => (Some(done.rows), None, done.notes.clone()),
            Err(error) => (None, Some(error.clone()), Vec::new()),
        };
        match &error {
            None => self.tables_extracted += 1,
            Some(error) => self.failed(table, error),
        }
        self.notes.extend(notes.iter().map(|note| TableNote { table: table.to_owned(), note: note.clone() }));
        if self.told {
            let duration_ms = took.as_millis() as u64;
            let line = serde_json::to_string(&Finished { table: table.to_owned(), rows, duration_ms, error, notes });
            // The report says it again; nobody listens when this fails.
            let _ = writeln!(std::io::stdout().lock(), "{}", line.unwrap_or_default());
        }
    }

    pub fn failed(&mut self, table: impl Into<String>, error: impl ToString) {
        self.tables_failed += 1;
        self.errors.push(TableError { table: table.into(), error: error.to_string() });
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
