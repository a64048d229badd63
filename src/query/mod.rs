//! Running one `SELECT` of a caller over exactly the tables this caller may read.
//!
//! Access holds by construction: the statement runs in an isolated in-memory instance that contains nothing else
//! ([`instance`]), so no trick of SQL can name more. [`policy`] stands before it and looks at DuckDB's own syntax tree,
//! so that a refusal is a clear answer and harmful functions never run.

mod encoding;
mod error;
mod execute;
mod instance;
mod namespace;
mod policy;
mod run;
#[cfg(test)]
mod testing;
mod types;

pub use encoding::write as write_json;
pub use error::QueryError;
pub use execute::{QueryAnswer, as_text};
pub use run::{QueryEngine, QuerySettings};
pub use types::ColumnType;

/// Most rows of one answer.
pub const MAX_LIMIT: usize = 100_000;
/// Most bytes of one answer's rows, as text; what comes after is cut and reported as `truncated`.
pub const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;
/// Longest statement, in bytes.
pub const MAX_SQL_BYTES: usize = 1024 * 1024;
