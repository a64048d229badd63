//! What the transfers of a pull have in common.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::pace::Pace;
use super::pending::{PendingFile, Version};
use super::progress::Progress;
use crate::cli::workspace::Workspace;
use crate::client::{Client, ClientError, DownloadRequest};

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of concurrent transfers.
    pub concurrency: usize,
    /// Of each transfer.
    pub retries: u32,
    /// Timeout for the next bytes.
    pub idle_timeout: Duration,
}

pub struct Transfer<'a> {
    pub client: &'a Client,
    pub workspace: &'a Workspace,
    pub limits: Limits,
    pub pace: &'a Arc<Pace>,
    pub progress: &'a Progress,
}

/// Why a file has not come.
#[derive(Debug)]
pub enum Failure {
    /// It differs from the one in the manifest.
    Changed,
    Other(String),
}

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("{}", describe(.0))]
    Client(#[from] ClientError),
    /// The last attempt failed in a way that a later one may not.
    #[error("{}; {outcome}", describe(.error))]
    GaveUp { error: ClientError, outcome: String },
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Refused(String),
}

fn describe(error: &ClientError) -> String {
    match error {
        ClientError::Status { status, .. } => format!("HTTP {status}: {}", error.detail()),
        ClientError::Unreachable { reason, .. } | ClientError::Interrupted { reason, .. } => {
            format!("connection lost: {reason}")
        }
        other => other.to_string(),
    }
}

/// Asks for the file; `tag` is what the server calls this version.
pub fn request<'a>(pending: &'a PendingFile, tag: Option<&'a str>, idle_timeout: Duration) -> DownloadRequest<'a> {
    DownloadRequest {
        table: &pending.table,
        part: pending.part.as_deref(),
        path: pending.path.as_deref(),
        offset: 0,
        end: None,
        version: Some(pending.version.text()).filter(|version| !version.is_empty()),
        tag,
        exact: matches!(pending.version, Version::Md5(_)),
        idle_timeout,
    }
}
