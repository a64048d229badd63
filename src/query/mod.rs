//! Running one `SELECT` of a caller over exactly the tables that this caller may read.
//!
//! Access is enforced by construction: the statement runs in a process of its own ([`worker`]) that can open the files of
//! the tables it names and nothing else. Before that, [`policy`] checks DuckDB's own syntax tree, so that a rejection is
//! a clear error and harmful functions never run, and [`namespace`] finds the tables among those that the caller may read.
//! [`predicate`] does the same for the rows of one table that a predicate selects. [`turns`] says whose query runs next.

mod columns;
mod encoding;
mod error;
mod namespace;
mod outlines;
pub mod output;
mod pivot;
pub mod place;
mod policy;
pub mod predicate;
mod prepare;
mod reading;
mod response;
pub mod rows;
mod run;
mod running;
mod sending;
mod settings;
pub mod shown;
mod statements;
#[cfg(test)]
mod testing;
mod trees;
mod turns;
mod types;
pub mod worker;

pub use encoding::Encoder;
pub use error::QueryError;
pub use namespace::{Lookup, Tables, most_similar};
pub use pivot::MAX_VALUES as MAX_PIVOT_VALUES;
pub use policy::{Outline, Relation, function_names};
pub use reading::{Reading, read};
pub use response::Wanted;
pub use run::{Gate, Query, QueryAnswer, QueryEngine};
pub use running::RunningQuery;
pub use sending::Piece;
pub use settings::QuerySettings;
pub use statements::{is_finished, is_ordered, last_statement};

/// Maximum number of rows of a response in JSON.
pub const MAX_LIMIT: usize = 100_000;
/// Maximum number of rows of a response that is read as it comes.
pub const MAX_STREAMED_ROWS: usize = 10_000_000;
/// Maximum size of such a response. A larger one is broken off: only so does every reader notice.
pub const MAX_STREAMED_BYTES: usize = 2 * 1024 * 1024 * 1024;
/// Maximum size of one response's rows, as text; further rows are dropped and reported as `truncated`.
pub const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;
/// Maximum size of one row, as text: the server holds it several times.
pub const MAX_ROW_BYTES: usize = 8 * 1024 * 1024;
/// Maximum length of a statement.
pub const MAX_SQL_BYTES: usize = 1024 * 1024;
