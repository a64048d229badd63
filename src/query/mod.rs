//! Running one `SELECT` of a caller over exactly the tables that this caller may read.
//!
//! Access is enforced by construction: the statement runs in an isolated in-memory instance that contains nothing else
//! ([`instance`]), so no SQL can name more. Before that, [`policy`] checks DuckDB's own syntax tree, so that a rejection is
//! a clear error and harmful functions never run.

mod columns;
mod encoding;
mod error;
mod execute;
mod instance;
mod namespace;
pub mod place;
mod policy;
pub mod rows;
mod run;
mod settings;
pub mod shown;
mod statements;
#[cfg(test)]
mod testing;
mod types;

pub use encoding::Encoder;
pub use error::QueryError;
pub use execute::QueryAnswer;
pub use run::QueryEngine;
pub use settings::QuerySettings;
pub use statements::{is_ordered, last_statement};

/// Maximum number of rows of one response.
pub const MAX_LIMIT: usize = 100_000;
/// Maximum size of one response's rows, as text; further rows are dropped and reported as `truncated`.
pub const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;
/// Maximum length of a statement.
pub const MAX_SQL_BYTES: usize = 1024 * 1024;
