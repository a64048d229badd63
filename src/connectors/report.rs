use std::io::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// A report that also prints each table as soon as it is finished, for a server that reads along.
    pub fn live() -> Self {
        Self { is_live: true, ..Self::default() }
    }

    /// Counts a table that was extracted, or why it was not.
    pub fn finished(&mut self, table: &str, outcome: &Result<Done, String>, elapsed: Duration) {
        let (rows, error, notes) = match outcome {
            Ok(done) => (Some(done.rows), None, done.notes.clone()),
            Err(error) => (None, Some(error.clone()), Vec::new()),
        };
        match &error {
            None => self.tables_extracted += 1,
            Some(error) => self.failed(table, error),
        }
        self.notes.extend(notes.iter().map(|note| TableNote { table: table.to_owned(), note: note.clone() }));
        if self.is_live {
            let duration_ms = elapsed.as_millis() as u64;
            let line = serde_json::to_string(&Finished { table: table.to_owned(), rows, duration_ms, error, notes });
            // The report repeats it, so a failure loses nothing.
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
