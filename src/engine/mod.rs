//! The only module that uses the DuckDB crate: opening databases, limits, isolation.

mod batches;
mod dates;
mod deadline;
mod icu;
mod open;
pub(crate) mod parse;
pub(crate) mod tree;

pub use batches::for_each_batch;
pub use deadline::{StopOnDrop, Watch, within};
pub use duckdb::core::{LogicalTypeHandle as LogicalType, LogicalTypeId};
pub use duckdb::types::{FromSql, TimeUnit, Value};
pub use duckdb::{Connection, OptionalExt, Params, Row, Statement, params};
pub use icu::{find_icu, load_icu};
pub use open::{Limits, Sandbox, cores, in_memory, open, open_read_only};

pub type Error = duckdb::Error;
pub type Result<T> = std::result::Result<T, Error>;

/// The message of an engine error without the crate's wrapping.
pub fn message(error: &Error) -> String {
    match error {
        Error::DuckDBFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether the crate cannot read a column because of its type.
pub fn is_unreadable_type(error: &Error) -> bool {
    matches!(error, Error::FromSqlConversionFailure(..))
}

/// Whether the error says that the disk is full.
pub fn is_disk_full(error: &Error) -> bool {
    let text = message(error);
    text.contains("No space left") || text.contains("not enough disk space") || text.contains("ENOSPC")
}

/// Whether the error says that there is not enough memory.
pub fn is_out_of_memory(error: &Error) -> bool {
    let text = message(error);
    text.contains("Out of Memory") || text.contains("bad_alloc") || text.contains("failed to allocate")
}
