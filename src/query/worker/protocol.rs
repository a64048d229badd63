//! What the server and a worker say to each other over two pipes.
//!
//! A message is its length (32 bits, little endian), its kind (one byte), and that many bytes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::extract::{RemotePolicy, RemoteTable};
use crate::query::QueryError;
use crate::query::output::{End, Extent, Format};

/// The length and the kind.
pub const HEADER: usize = 5;

/// From the server.
#[derive(Debug, Deserialize, Serialize)]
pub enum Request {
    /// The first message: what the engine may use.
    Start(Start),
    /// The second: its tables. From here on the worker can open nothing else.
    Prepare(Prepare),
    /// Asks for the syntax tree of a text, as [`Kind::Tree`].
    Parse { sql: String },
    /// Asks for the rows of a checked statement, as [`Kind::Rows`] and [`Kind::Done`].
    Run(Run),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Start {
    /// Of the engine, in DuckDB's syntax.
    pub memory: String,
    /// That the process may take in all, in bytes.
    pub max_bytes: u64,
    /// A directory of its own.
    pub spill: PathBuf,
    pub spill_bytes: u64,
    pub extensions: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Prepare {
    /// Of the files; 0 without tables.
    pub generation: u64,
    pub tables: Vec<TableSpec>,
    /// How sources are reached, if tables are remote.
    pub remote: Option<RemotePolicy>,
    /// Whether to fail where the kernel lacks a layer of the sandbox.
    pub is_sandbox_required: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TableSpec {
    pub name: String,
    /// Where a statement looks it up.
    pub databases: BTreeSet<String>,
    pub files: Vec<PathBuf>,
    pub remote: Option<RemoteTable>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Run {
    pub sql: String,
    pub threads: usize,
    pub format: Format,
    pub extent: Extent,
    /// A row with more is not sent, and no row after it.
    pub row_bytes: usize,
}

/// After the rows, in the text of [`Kind::Done`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Finished {
    pub end: End,
    /// Whether the worker should not be used again.
    pub is_worn: bool,
}

/// The kinds of messages of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The request was carried out. The text is [`Finished`] as JSON, or says which layers of the sandbox are missing.
    Done = b'd',
    /// A syntax tree as JSON.
    Tree = b't',
    /// A piece of the rows in the [`Format`] of the request.
    Rows = b'r',
    /// A [`QueryError`] as JSON: the request failed.
    Failed = b'f',
}

impl Kind {
    pub fn of(byte: u8) -> Option<Self> {
        [Self::Done, Self::Tree, Self::Rows, Self::Failed].into_iter().find(|kind| *kind as u8 == byte)
    }

    /// The longest message, in bytes; the server ends a worker that announces more.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Done | Self::Failed => 1024 * 1024,
            Self::Tree => 12 * 1024 * 1024,
            Self::Rows => 256 * 1024,
        }
    }
}

/// The header of a message; a longer one than 4 GB is cut, and not accepted anyway.
pub fn header(kind: u8, length: usize) -> [u8; HEADER] {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    [a, b, c, d, kind]
}

/// The length and the kind in a header.
pub fn parse_header([a, b, c, d, kind]: [u8; HEADER]) -> (usize, u8) {
    (u32::from_le_bytes([a, b, c, d]) as usize, kind)
}

/// The error in a message.
pub fn failure(message: &[u8]) -> QueryError {
    serde_json::from_slice(message).unwrap_or_else(|_| QueryError::Internal("a query worker failed".into()))
}
