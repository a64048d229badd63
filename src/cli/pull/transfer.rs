//! Downloads one file: resumed where it was interrupted, verified before it replaces anything.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::sync::OnceCell;

use super::pending::{PendingFile, Version};
use super::plan::Plan;
use super::state::Entry;
use crate::base::atomic_file::{self, PUBLIC};
use crate::base::backoff::Backoff;
use crate::base::hash::{ContentHasher, hash_file};
use crate::cli::workspace::Workspace;
use crate::client::{Client, ClientError, DownloadRequest};
use crate::extract::parquet;
use crate::protocol::sync::Manifest;

/// Delays between attempts.
const BACKOFF: Backoff = Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(3) };
/// Longest delay that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

pub struct Transfer<'a> {
    client: &'a Client,
    workspace: &'a Workspace,
    retries: u32,
    bar: &'a ProgressBar,
    /// Requested at most once, when a file has changed since the first manifest.
    refreshed: OnceCell<Manifest>,
}

#[derive(Debug, thiserror::Error)]
enum TransferError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Refused(String),
}

/// What one attempt wrote to the part file.
struct Received {
    md5: String,
    bytes: u64,
    resumed: bool,
}

impl<'a> Transfer<'a> {
    pub fn new(client: &'a Client, workspace: &'a Workspace, retries: u32, bar: &'a ProgressBar) -> Self {
        Self { client, workspace, retries, bar, refreshed: OnceCell::new() }
    }

    /// Downloads and installs a table. The old file stays as it is unless this succeeds.
    pub async fn fetch(&self, pending: &PendingFile) -> Result<Entry, String> {
        self.install(pending).await.map_err(|error| match error {
            TransferError::Client(error) if error.status().is_some() => {
                format!("HTTP {}: {}", error.status().unwrap_or_default(), error.detail())
            }
            TransferError::Client(ClientError::Unreachable { reason, .. }) => format!("connection lost: {reason}"),
            other => other.to_string(),
        })
    }

    async fn install(&self, pending: &PendingFile) -> Result<Entry, TransferError> {
        match self.attempts(pending).await {
            Err(TransferError::Client(error)) if error.status() == Some(412) => {}
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
        let stale_part = part_file(self.workspace, pending);
        let newer = PendingFile::new(&pending.table, offer);
        if newer.version != pending.version {
            atomic_file::remove(&stale_part)?;
        }
        match self.attempts(&newer).await {
            Err(TransferError::Client(error)) if error.status() == Some(412) => Err(changing()),
            outcome => outcome,
        }
    }

    async fn attempts(&self, pending: &PendingFile) -> Result<Entry, TransferError> {
        let part = part_file(self.workspace, pending);
        let mut failures = 0;
        let mut restarted = false;
        loop {
            let outcome = match self.receive(pending, &part).await {
                Ok(received) => match verify(pending, &part, &received) {
                    Ok(()) => return self.put_in_place(pending, &part, received).await,
                    Err(error) => {
                        atomic_file::remove(&part)?;
                        // The resumed beginning may be damaged here: download everything once more.
                        if received.resumed && !restarted {
                            restarted = true;
                            continue;
                        }
                        return Err(error);
                    }
                },
                Err(error) => error,
            };
            let TransferError::Client(error) = &outcome else { return Err(outcome) };
            if error.status() == Some(416) && !restarted {
                restarted = true;
                atomic_file::remove(&part)?;
                continue;
            }
            if !error.is_transient() || failures >= self.retries {
                return Err(outcome);
            }
            failures += 1;
            tokio::time::sleep(delay(failures, error)).await;
        }
    }

    /// Sends one request; appends to the part file if the server resumes the transfer.
    async fn receive(&self, pending: &PendingFile, part: &Path) -> Result<Received, TransferError> {
        let version = Some(pending.version.text()).filter(|version| !version.is_empty());
        let (mut hasher, there) = match version {
            Some(_) => hash_part(part).await?,
            None => (ContentHasher::default(), 0),
        };
        // A part file that is already complete (killed before the rename) needs no request.
        if there > 0 && pending.size_bytes == Some(there) {
            return Ok(Received { md5: hasher.finish(), bytes: there, resumed: true });
        }
        let exact = matches!(pending.version, Version::Md5(_));
        let request =
            DownloadRequest { table: &pending.table, part: pending.part.as_deref(), offset: there, version, exact };
        let mut download = self.client.download(&request).await?;
        if let Some(directory) = part.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(part)?;
        let resumed = download.offset > 0;
        if !resumed {
            file.set_len(0)?;
            hasher = ContentHasher::default();
        }
        let mut bytes = download.offset;
        while let Some(chunk) = download.next().await? {
            file.write_all(&chunk)?;
            hasher.update(&chunk);
            bytes += chunk.len() as u64;
            self.bar.inc(chunk.len() as u64);
            if let Some(expected) = pending.size_bytes.filter(|expected| bytes > *expected) {
                atomic_file::remove(part)?;
                return Err(wrong_size(expected, bytes));
            }
        }
        Ok(Received { md5: hasher.finish(), bytes, resumed })
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
            atomic_file::promote(&part, &target, PUBLIC)?;
            fs::metadata(&target)
        });
        let file = installed.await.map_err(io::Error::other)??;
        Ok(Entry::new(pending, &file, received.md5))
    }
}

/// Deletes part files of versions that are no longer needed, and temporary files of killed processes.
pub fn sweep(workspace: &Workspace, plan: &Plan) -> io::Result<()> {
    let needed: HashSet<PathBuf> = plan.downloads.iter().map(|file| part_file(workspace, file)).collect();
    let Ok(entries) = fs::read_dir(workspace.parquet_dir()) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stale_part = name.starts_with('.') && name.ends_with(".part") && !needed.contains(&path);
        if stale_part || atomic_file::is_temporary(&name) {
            atomic_file::remove(&path)?;
        } else if path.is_dir() && !workspace.parts_index(&name).exists() && !plan.parted.contains_key(&name) {
            // Parts that never became a table.
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// `.<table>.<version>.part`: a download of another version is never resumed.
fn part_file(workspace: &Workspace, pending: &PendingFile) -> PathBuf {
    let name = pending.name().replace('/', ".");
    let version: String = pending.version.text().chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    workspace.parquet_dir().join(format!(".{name}.{version}.part"))
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

/// Hash and length of what an earlier attempt left; length 0 if nothing.
async fn hash_part(part: &Path) -> io::Result<(ContentHasher, u64)> {
    let part = part.to_owned();
    let hashed = tokio::task::spawn_blocking(move || match hash_file(&part) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((ContentHasher::default(), 0)),
        outcome => outcome,
    });
    hashed.await.map_err(io::Error::other)?
}

/// The delay that the server asks for, else a growing one.
fn delay(failures: u32, error: &ClientError) -> Duration {
    match error {
        ClientError::Status { retry_after: Some(requested), .. } => (*requested).min(MAX_RETRY_AFTER),
        _ => BACKOFF.jittered(failures),
    }
}
