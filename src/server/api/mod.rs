//! Handlers of the API, one file for each area.

pub mod access_log;
pub mod access_requests;
pub mod audit;
pub mod catalog;
pub mod catalog_export;
pub mod client_program;
pub mod data;
pub mod discovery;
pub mod grants;
pub mod groups;
pub mod keys;
pub mod metadata;
pub mod metrics;
pub mod permissions;
pub mod prompts;
pub mod query;
pub mod registry;
pub mod saved_queries;
pub mod search;
pub mod settings;
pub mod sync;
pub mod system;
pub mod transcripts;
pub mod upload;
pub mod users;
pub mod v2;
