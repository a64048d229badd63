use serde::{Deserialize, Serialize};

/// The outcome of one extractor run; printed as one JSON line on standard output.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Report {
    pub tables_extracted: usize,
    pub tables_failed: usize,
    pub errors: Vec<TableError>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct TableError {
    pub table: String,
    pub error: String,
}

impl Report {
    pub fn extracted(&mut self) {
        self.tables_extracted += 1;
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
