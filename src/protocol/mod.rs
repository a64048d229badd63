//! Request and response bodies, shared by the server and our own client.
//!
//! Field names are the contract with existing clients. Times are UTC text: `YYYY-MM-DDTHH:MM:SS[.ffffff]` in sync and
//! registry bodies, `YYYY-MM-DD HH:MM:SS[.ffffff]` in bodies about people and tokens.

pub(crate) mod access;
pub mod access_log;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod catalog;
pub mod catalog_export;
pub mod client_program;
pub mod discovery;
mod error;
pub mod file_format;
pub(crate) mod memory;
pub mod metadata;
pub mod metrics;
pub(crate) mod own_files;
pub(crate) mod prompts;
pub(crate) mod query;
pub(crate) mod registry;
pub(crate) mod saved_queries;
pub mod search;
pub(crate) mod second_factor;
pub(crate) mod server_config;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod sync;
pub mod sync_options;
pub(crate) mod sync_runs;
pub(crate) mod system;
pub(crate) mod tokens;
pub(crate) mod upload;
pub(crate) mod users;
pub mod v2;
pub mod vocabulary;

pub use error::{ErrorBody, FieldError};
