//! What can be wrong with an export.

use std::io;

use crate::engine;
use crate::extract::ExtractError;

#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    #[error("the exported CSV cannot be read: {0}")]
    Csv(String),
    #[error("a downloaded piece is not whole: {0}")]
    Gzip(io::Error),
    #[error("the exported columns ({found}) are not those of the table ({expected})")]
    Header { found: String, expected: String },
    #[error("row {row} of the export has {found} fields, but the table has {expected} columns")]
    Width { row: u64, expected: usize, found: usize },
    #[error("{written} rows were written of {read}")]
    RowsLost { read: u64, written: i64 },
    #[error("{}", engine::message(.0))]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Extract(#[from] ExtractError),
}
