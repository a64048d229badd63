//! Tables that stay at their source: how an extract says they are reached, and how much of that is allowed.
//!
//! Whoever writes an extract is not trusted. A token goes only where the operator allows it; a view may read nothing but
//! what its extract attaches; everything is attached read-only.

mod extensions;
mod messages;
mod policy;
mod postgres;
mod view;

pub use messages::{plain_message, source_message};
pub use policy::{RemotePolicy, SharedPolicy};
pub use postgres::{Attached, Checked, Exact};

use serde::{Deserialize, Serialize};

/// A row of `_remote_attach`.
#[derive(Clone, Debug, Deserialize, Hash, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RemoteAttach {
    /// What the views call it.
    pub alias: String,
    /// `postgres`, `keboola`, `bigquery`.
    pub extension: String,
    pub url: String,
    /// Name of the variable that holds the token or password; empty for none.
    pub token_env: String,
}

/// How the rows of a table that stays at its source are read.
#[derive(Clone, Debug, Deserialize, Hash, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RemoteTable {
    /// The body of its view, over the attached catalogs.
    pub select: String,
    pub attach: Vec<RemoteAttach>,
}

#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("_remote_attach: {0}")]
    Refused(String),
    #[error("the source of {alias} cannot be reached: {reason}")]
    Unreachable { alias: String, reason: String },
    #[error("its view {0}; it may only select from what _remote_attach names")]
    View(String),
}
