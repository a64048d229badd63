//! One table from the server into the workspace: resumed where it broke off, verified before it replaces anything.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::sync::OnceCell;

use super::plan::{Plan, Version, Wanted};
use super::state::{Entry, mtime_ns};
use crate::base::atomic_file::{self, PUBLIC};
use crate::base::backoff::Backoff;
use crate::base::hash::ContentHasher;
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
    /// Fetched again at most once, when a file turns out to have changed since the first manifest.
    refreshed: OnceCell<Manifest>,
}

#[derive(Debug, thiserror::Error)]
enum TransferError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("hash mismatch: expected {expected:.12}, got {got:.12}")]
    Hash { expected: String, got: String },
    #[error("size mismatch: expected {expected} bytes, got {got}")]
    Size { expected: u64, got: u64 },
    #[error("not a valid parquet (missing PAR1 magic)")]
    NotParquet,
    #[error("its file on the server changed during the download; run agnes pull again")]
    Changing,
    #[error("the server no longer offers it")]
    Withdrawn,
}

/// What one attempt left in the part file.
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
    pub async fn fetch(&self, wanted: &Wanted) -> Result<Entry, String> {
        self.install(wanted).await.map_err(|error| match error {
            TransferError::Client(error) if error.status().is_some() => {
                format!("HTTP {}: {}", error.status().unwrap_or_default(), error.detail())
            }
            TransferError::Client(ClientError::Unreachable { reason, .. }) => format!("connection lost: {reason}"),
            other => other.to_string(),
        })
    }

    async fn install(&self, wanted: &Wanted) -> Result<Entry, TransferError> {
        match self.attempts(wanted).await {
            Err(TransferError::Client(error)) if error.status() == Some(412) => {}
            outcome => return outcome,
        }
        let manifest = self.refreshed.get_or_try_init(|| self.client.manifest()).await?;
        let offer = manifest.tables.get(&wanted.table).ok_or(TransferError::Withdrawn)?;
        if wanted.part.is_some() || offer.parts.is_some() {
            // Its other parts may have changed as well.
            return Err(TransferError::Changing);
        }
        let stale_part = part_file(self.workspace, wanted);
        let newer = Wanted::new(&wanted.table, offer);
        if newer.version != wanted.version {
            atomic_file::remove(&stale_part)?;
        }
        match self.attempts(&newer).await {
            Err(TransferError::Client(error)) if error.status() == Some(412) => Err(TransferError::Changing),
            outcome => outcome,
        }
    }

    async fn attempts(&self, wanted: &Wanted) -> Result<Entry, TransferError> {
        let part = part_file(self.workspace, wanted);
        let mut failures = 0;
        let mut restarted = false;
        loop {
            let outcome = match self.receive(wanted, &part).await {
                Ok(received) => match verify(wanted, &part, &received) {
                    Ok(()) => return self.put_in_place(wanted, &part, received).await,
                    Err(error) => {
                        atomic_file::remove(&part)?;
                        // The beginning may have been damaged on this side; from zero it is the server's word.
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

    /// One request; appends to the part file where the server continues it.
    async fn receive(&self, wanted: &Wanted, part: &Path) -> Result<Received, TransferError> {
        let version = Some(wanted.version.text()).filter(|version| !version.is_empty());
        let (mut hasher, there) = match version {
            Some(_) => hash_part(part).await?,
            None => (ContentHasher::default(), 0),
        };
        // A part that is complete already (killed before the rename) needs no request.
        if there > 0 && wanted.size_bytes == Some(there) {
            return Ok(Received { md5: hasher.finish(), bytes: there, resumed: true });
        }
        let exact = matches!(wanted.version, Version::Md5(_));
        let request =
            DownloadRequest { table: &wanted.table, part: wanted.part.as_deref(), offset: there, version, exact };
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
            if let Some(expected) = wanted.size_bytes.filter(|expected| bytes > *expected) {
                atomic_file::remove(part)?;
                return Err(TransferError::Size { expected, got: bytes });
            }
        }
        Ok(Received { md5: hasher.finish(), bytes, resumed })
    }

    async fn put_in_place(&self, wanted: &Wanted, part: &Path, received: Received) -> Result<Entry, TransferError> {
        let (part, target) = (part.to_owned(), wanted.target(self.workspace));
        let installed = tokio::task::spawn_blocking(move || {
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder)?;
            }
            atomic_file::promote(&part, &target, PUBLIC)?;
            fs::metadata(&target)
        });
        let file = installed.await.map_err(io::Error::other)??;
        Ok(Entry {
            hash: wanted.version.text().to_owned(),
            rows: wanted.rows,
            size_bytes: received.bytes,
            md5: received.md5,
            mtime_ns: mtime_ns(&file),
        })
    }
}

/// Deletes part files of versions that nobody wants any more, and temporary files of killed processes.
pub fn sweep(workspace: &Workspace, plan: &Plan) -> io::Result<()> {
    let wanted: HashSet<PathBuf> = plan.downloads.iter().map(|wanted| part_file(workspace, wanted)).collect();
    let Ok(entries) = fs::read_dir(workspace.parquet_dir()) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stale_part = name.starts_with('.') && name.ends_with(".part") && !wanted.contains(&path);
        if stale_part || atomic_file::is_temporary(&name) {
            atomic_file::remove(&path)?;
        } else if path.is_dir() && !workspace.parts_index(&name).exists() && !plan.parted.contains_key(&name) {
            // Parts that never became a table.
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// `.<table>.<version>.part`: what is there of another version is never continued.
fn part_file(workspace: &Workspace, wanted: &Wanted) -> PathBuf {
    let name = wanted.name().replace('/', ".");
    let version: String = wanted.version.text().chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    workspace.parquet_dir().join(format!(".{name}.{version}.part"))
}

fn verify(wanted: &Wanted, part: &Path, received: &Received) -> Result<(), TransferError> {
    if let Some(expected) = wanted.size_bytes.filter(|expected| *expected != received.bytes) {
        return Err(TransferError::Size { expected, got: received.bytes });
    }
    match &wanted.version {
        Version::Md5(expected) if *expected != received.md5 => {
            Err(TransferError::Hash { expected: expected.clone(), got: received.md5.clone() })
        }
        Version::Md5(_) => Ok(()),
        Version::Tag(_) | Version::Unknown if parquet::has_magic(part)? => Ok(()),
        Version::Tag(_) | Version::Unknown => Err(TransferError::NotParquet),
    }
}

/// The hash of what an earlier attempt left, and its length; nothing there is length 0.
async fn hash_part(part: &Path) -> io::Result<(ContentHasher, u64)> {
    let part = part.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hasher = ContentHasher::default();
        let mut file = match File::open(&part) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((hasher, 0)),
            Err(error) => return Err(error),
        };
        let (mut buffer, mut bytes) = (vec![0; 256 * 1024], 0);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok((hasher, bytes)),
                read => {
                    hasher.update(&buffer[..read]);
                    bytes += read as u64;
                }
            }
        }
    });
    hashed.await.map_err(io::Error::other)?
}

/// The delay that the server asks for, else a growing one.
fn delay(failures: u32, error: &ClientError) -> Duration {
    match error {
        ClientError::Status { retry_after: Some(requested), .. } => requested.0.min(MAX_RETRY_AFTER),
        _ => BACKOFF.jittered(failures),
    }
}
