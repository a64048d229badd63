//! The state database `state/system.duckdb`: one writer thread, one transaction per change, and after each commit an
//! immutable [`Snapshot`] that requests are decided by. What is not in it is read from the database beside the writer.

pub(crate) mod access_requests;
pub(crate) mod accounts;
pub(crate) mod audit;
mod change;
pub(crate) mod column_metadata;
mod file_format;
pub(crate) mod grants;
pub(crate) mod groups;
pub mod lineage;
pub(crate) mod marketplaces;
pub(crate) mod members;
pub mod metrics;
mod migrate;
pub(crate) mod one_time;
pub(crate) mod ownership;
pub(crate) mod probe;
pub(crate) mod profiles;
pub(crate) mod prompts;
mod reader;
pub mod registry;
mod row;
pub(crate) mod saved_queries;
pub(crate) mod scan_usage;
mod schema;
pub(crate) mod second_factors;
mod seed;
pub(crate) mod sessions;
mod snapshot;
mod sync_options;
pub(crate) mod sync_runs;
pub(crate) mod sync_settings;
pub(crate) mod sync_state;
pub mod tokens;
pub mod users;
mod writer;

pub use change::Change;
pub use groups::{ADMIN_GROUP, EVERYONE_GROUP};
pub use migrate::{MigrateError, MigrationContext};
pub use reader::Reader;
pub use schema::VERSION;
pub use seed::{Developer, Seeds};
pub use snapshot::Snapshot;
pub use users::SCHEDULER_EMAIL;
pub use writer::{Store, Transaction};

use crate::base::lock::LockError;
use crate::engine;

/// What changes and reads return.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a change was not made. The texts of `NotFound` and `Conflict` are for the requester.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Conflict(String),
    #[error("state database: {}", engine::message(.0))]
    Engine(engine::Error),
    #[error("the disk is full, so nothing was changed; free some space and try again")]
    DiskFull,
    #[error("the server is shutting down")]
    Closed,
    #[error("too many requests are waiting for the state database; try again in a moment")]
    Busy,
    #[error("the change took too long, so nothing was changed; try again in a moment, or change less at once")]
    TooLong,
    #[error("reading the state database took too long")]
    TimedOut,
    #[error("work on the state database failed unexpectedly: {0}")]
    Broken(String),
}

impl From<engine::Error> for StoreError {
    fn from(error: engine::Error) -> Self {
        if engine::is_disk_full(&error) { Self::DiskFull } else { Self::Engine(error) }
    }
}

/// Why the state database could not be opened. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "DATA_DIR {path} is in use by another Agnes process ({holder}); stop it, or choose another DATA_DIR", 
        path = .path.display()
    )]
    InUse { path: std::path::PathBuf, holder: LockError },
    #[error("cannot write to {}: {source}; DATA_DIR must be a writable directory", .path.display())]
    NotWritable { path: std::path::PathBuf, source: std::io::Error },
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("cannot open the state database {}: {}", .path.display(), engine::message(.source))]
    Engine { path: std::path::PathBuf, source: engine::Error },
    #[error("cannot prepare the state database: {0}")]
    Seed(#[from] StoreError),
}

#[cfg(test)]
mod tests;
