//! What users, administrators and offline commands can do: a module for each area, a function for each operation.
//!
//! An operation takes the store, a proof of who the caller is ([`Admin`](crate::access::Admin),
//! [`Principal`](crate::access::Principal) or [`Actor`](crate::store::audit::Actor)) and plain arguments. It checks the
//! rules inside the transaction, writes the change together with its audit row, and returns a typed [`Error`]. HTTP
//! handlers, pages and offline commands translate and call; none of them writes to the store itself.

pub mod access_log;
pub mod access_requests;
pub mod accounts;
pub mod audit;
mod behalf;
pub mod catalog;
pub mod catalog_export;
pub mod demo;
pub mod discovery;
mod error;
pub mod grants;
pub mod groups;
pub mod metadata;
pub mod metrics;
pub mod newcomers;
pub mod own_files;
pub mod preferences;
pub mod probe;
pub mod prompts;
pub mod queries;
pub mod registry;
pub mod rules;
pub mod saved_queries;
pub mod schedule;
pub mod search;
pub mod second_factor;
pub mod server_config;
pub mod sessions;
pub mod sign_in;
pub mod signing_key;
pub mod sources;
pub mod syncs;
pub mod tables;
pub mod tokens;
pub mod uploads;

use behalf::write_as;
pub use error::{Error, Result};
