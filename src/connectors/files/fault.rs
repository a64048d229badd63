//! What can be wrong with a file, in words that help its owner to fix it.

use std::io;

use crate::engine;
use crate::extract::ExtractError;

#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("it is empty; a header row with the column names is needed")]
    Empty,
    #[error("column {column} of the header has no name")]
    NoName { column: usize },
    #[error("two columns are named '{name}' (upper and lower case are the same)")]
    SameName { name: String },
    #[error("line {line}: a row with {found} columns, but the header has {expected}")]
    Ragged { line: String, expected: String, found: String },
    #[error(
        "line {line}: a quote that is not closed, or text after a closing quote (a quote inside a value is doubled)"
    )]
    Quote { line: String },
    #[error("{}it is not UTF-8; convert it, e.g. `iconv -f {encoding} -t UTF-8`", at(*.line))]
    NotUtf8 { line: Option<usize>, encoding: &'static str },
    #[error("line {line}: a NUL byte; this is not a text file")]
    Nul { line: usize },
    #[error("the line ends are mixed (LF and CRLF) or the quoting is broken; convert it, e.g. with `dos2unix`")]
    LineEnds,
    #[error("line {line}: a line of more than 2 MB; is a quote not closed?")]
    LongLine { line: String },
    #[error("the gzip data is damaged: {0}")]
    Gzip(String),
    #[error("it changed while it was read; run again when it is complete")]
    Changed,
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("the disk is full; nothing was changed")]
    DiskFull,
    #[error("the table cannot be written: {0}")]
    Write(io::Error),
    #[error("not a readable parquet file: {0}")]
    Parquet(String),
    #[error("{0}")]
    Engine(String),
}

fn at(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}

impl Fault {
    pub fn write(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull { Self::DiskFull } else { Self::Write(error) }
    }

    pub fn parquet(error: &ExtractError) -> Self {
        let text = error.to_string();
        if let ExtractError::Foreign(_) = error {
            return Self::Engine(text);
        }
        Self::Parquet(first_line(&text).to_owned())
    }

    /// Shortens the message of DuckDB's CSV reader, which is long and names options that users do not have.
    pub fn reader(error: &engine::Error) -> Self {
        let text = engine::message(error);
        let line = after(&text, "CSV Error on Line: ").unwrap_or("?").to_owned();
        if engine::is_disk_full(error) {
            Self::DiskFull
        } else if let Some(counts) = after(&text, "Expected Number of Columns: ") {
            let (expected, found) = counts.split_once(" Found: ").unwrap_or((counts, "others"));
            Self::Ragged { line, expected: expected.trim().into(), found: found.trim().into() }
        } else if text.contains("unterminated quote") {
            Self::Quote { line }
        } else if text.contains("Invalid unicode") || text.contains("not utf-8") {
            Self::NotUtf8 { line: line.parse().ok(), encoding: "LATIN1" }
        } else if text.contains("Maximum line size") {
            Self::LongLine { line }
        } else if text.contains("state machine") {
            Self::LineEnds
        } else {
            Self::Engine(first_line(&text).to_owned())
        }
    }
}

/// The rest of the line behind `mark`.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.find(mark).map(|start| first_line(&text[start + mark.len()..]).trim())
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}
