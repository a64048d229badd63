//! Downloads one file: resumed where it was interrupted, verified before it replaces anything.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::sync::OnceCell;

use super::part_file::{self, PartFile};
use super::pending::{PendingFile, Version};
use super::retry::Attempts;
use super::state::Entry;
use crate::base::atomic_file;
use crate::cli::workspace::Workspace;
use crate::client::{Client, ClientError, DownloadRequest};
use crate::extract::parquet;
use crate::protocol::sync::Manifest;

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
    client: &'a Client,
    pub workspace: &'a Workspace,
    pub limits: Limits,
    bar: &'a ProgressBar,
    /// Requested at most once, when a file has changed since the first manifest.
    refreshed: OnceCell<Manifest>,
}

#[derive(Debug, thiserror::Error)]
enum TransferError {
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

/// How much of a file a request asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ask {
    /// What is not there yet.
    Rest,
    /// All of it, for a proxy that does not answer as asked; what is there already is skipped.
    Whole,
}

/// What one attempt left in the part file.
struct Received {
    md5: String,
    bytes: u64,
    resumed: bool,
}

impl<'a> Transfer<'a> {
    pub fn new(client: &'a Client, workspace: &'a Workspace, limits: Limits, bar: &'a ProgressBar) -> Self {
        Self { client, workspace, limits, bar, refreshed: OnceCell::new() }
    }

    /// Downloads and installs a table. The old file stays as it is unless this succeeds.
    pub async fn fetch(&self, pending: &PendingFile) -> Result<Entry, String> {
        self.install(pending).await.map_err(|error| error.to_string())
    }

    async fn install(&self, pending: &PendingFile) -> Result<Entry, TransferError> {
        match self.attempts(pending).await {
            Err(TransferError::Client(error)) if error.any_status() == Some(412) => {}
            outcome => return outcome,
        }
        let manifest = self.refreshed.get_or_try_init(|| self.client.manifest()).await?;
        let withdrawn = || TransferError::Refused("the server no longer offers it".into());
        let offer = manifest.tables.get(&pending.table).ok_or_else(withdrawn)?;
        let changing = || {
            TransferError::Refused("its file on the server changed during the download; run agnes pull again".into())
        };
        if pending.part.is_some() || offer.parts.is_some() {
            // Its other parts may have changed too.
            return Err(changing());
        }
        let stale_part = part_file::path(self.workspace, pending);
        let newer = PendingFile::new(&pending.table, offer);
        if newer.version != pending.version {
            atomic_file::remove(&stale_part)?;
        }
        match self.attempts(&newer).await {
            Err(TransferError::Client(error)) if error.any_status() == Some(412) => Err(changing()),
            outcome => outcome,
        }
    }

    async fn attempts(&self, pending: &PendingFile) -> Result<Entry, TransferError> {
        let part = part_file::path(self.workspace, pending);
        let mut attempts = Attempts::new(self.limits.retries, pending.size_bytes);
        let mut restarted = false;
        let mut ask = Ask::Rest;
        loop {
            let before = part_file::length(&part);
            let error = match self.receive(pending, &part, ask).await {
                Ok(received) => match verify(pending, &part, &received) {
                    Ok(()) => return self.put_in_place(pending, &part, received).await,
                    Err(error) => {
                        atomic_file::remove(&part)?;
                        // One of the pieces may be damaged: download everything once more.
                        if received.resumed && !restarted {
                            restarted = true;
                            continue;
                        }
                        return Err(error);
                    }
                },
                Err(TransferError::Client(error)) => error,
                Err(error) => return Err(error),
            };
            let bytes = part_file::length(&part);
            let is_useless_resumption = ask == Ask::Rest && before > 0 && bytes <= before;
            if error.any_status() == Some(416) && is_useless_resumption {
                // Counted as any other attempt, but there is nothing to wait for.
                ask = Ask::Whole;
                continue;
            }
            let Some(delay) = attempts.failed(&error, bytes) else {
                return Err(gave_up(error, attempts.made, bytes, pending));
            };
            ask = if is_useless_resumption { Ask::Whole } else { Ask::Rest };
            tokio::time::sleep(delay).await;
        }
    }

    /// Sends one request; adds to the part file what has not come yet.
    async fn receive(&self, pending: &PendingFile, part: &Path, ask: Ask) -> Result<Received, TransferError> {
        let version = Some(pending.version.text()).filter(|version| !version.is_empty());
        let mut file = if version.is_some() { PartFile::open(part).await? } else { PartFile::empty() };
        let there = file.length;
        // A part file that is already complete (killed before the rename) needs no request.
        if there > 0 && pending.size_bytes == Some(there) {
            return Ok(Received { md5: file.finish(), bytes: there, resumed: true });
        }
        let exact = matches!(pending.version, Version::Md5(_));
        let request = DownloadRequest {
            table: &pending.table,
            part: pending.part.as_deref(),
            offset: if ask == Ask::Rest { there } else { 0 },
            version,
            exact,
            idle_timeout: self.limits.idle_timeout,
        };
        let mut download = self.client.download(&request).await?;
        // Only a hash shows whether a whole file continues what is already there; a tag alone does not.
        let resumed = there > 0 && (download.offset > 0 || exact);
        file.start(part, resumed)?;
        let mut position = download.offset;
        while let Some(chunk) = download.next().await? {
            let before = file.length;
            file.write(position, &chunk)?;
            position += chunk.len() as u64;
            self.bar.inc(file.length - before);
            if pending.size_bytes.is_some_and(|expected| file.length > expected) {
                break;
            }
        }
        if pending.size_bytes.is_some_and(|expected| position < expected) {
            return Err(download.ended_early().into());
        }
        let bytes = file.length;
        Ok(Received { md5: file.finish(), bytes, resumed })
    }

    async fn put_in_place(
        &self,
        pending: &PendingFile,
        part: &Path,
        received: Received,
    ) -> Result<Entry, TransferError> {
        let (part, target) = (part.to_owned(), pending.target(self.workspace));
        let installed = tokio::task::spawn_blocking(move || {
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder)?;
            }
            atomic_file::promote(&part, &target)?;
            fs::metadata(&target)
        });
        let file = installed.await.map_err(io::Error::other)??;
        Ok(Entry::new(pending, &file, received.md5))
    }
}

fn wrong_size(expected: u64, got: u64) -> TransferError {
    TransferError::Refused(format!("size mismatch: expected {expected} bytes, got {got}"))
}

fn verify(pending: &PendingFile, part: &Path, received: &Received) -> Result<(), TransferError> {
    if let Some(expected) = pending.size_bytes.filter(|expected| *expected != received.bytes) {
        return Err(wrong_size(expected, received.bytes));
    }
    match &pending.version {
        Version::Md5(expected) if *expected != received.md5 => {
            Err(TransferError::Refused(format!("hash mismatch: expected {expected:.12}, got {:.12}", received.md5)))
        }
        Version::Md5(_) => Ok(()),
        Version::Tag(_) | Version::Unknown if parquet::has_magic(part)? => Ok(()),
        Version::Tag(_) | Version::Unknown => {
            Err(TransferError::Refused("not a valid parquet (missing PAR1 magic)".into()))
        }
    }
}

fn gave_up(error: ClientError, attempts: u32, bytes: u64, pending: &PendingFile) -> TransferError {
    if !error.is_transient() {
        return error.into();
    }
    let attempts = if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") };
    let size = pending.size_bytes.map_or_else(String::new, |size| format!(" of {size}"));
    let outcome = match (&pending.version, bytes) {
        (_, 0) => format!("{attempts}, no data"),
        (Version::Unknown, _) => format!("{attempts}, {bytes}{size} bytes"),
        _ => format!("{attempts}, {bytes}{size} bytes, which are kept; run agnes pull again to continue"),
    };
    TransferError::GaveUp { error, outcome }
}
