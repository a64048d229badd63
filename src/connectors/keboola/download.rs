//! The content of an exported file, piece by piece onto disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, RequestBuilder, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;

use super::client::{StorageClient, StorageError};
use super::location::{self, LocationError};
use super::model::{FileInfo, Id, Manifest};
use super::retry::{self, Failure};
use super::settings::{Settings, SettingsError};
use crate::base::atomic_file::Pending;

/// Slices of one file that are fetched at the same time.
const MAX_CONCURRENT_SLICES: usize = 4;
/// A manifest has some hundred bytes per slice.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;
const GZIP: [u8; 2] = [0x1f, 0x8b];

#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error("the object store answered {0}")]
    Refused(StatusCode),
    #[error("the download broke off: {0}")]
    Network(String),
    #[error("the list of slices is not understood: {0}")]
    Manifest(String),
    #[error(transparent)]
    Location(#[from] LocationError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("cannot write the download: {0}")]
    Io(#[from] std::io::Error),
}

/// A downloaded piece; its file is gone when this is dropped.
#[derive(Debug)]
pub struct Part {
    file: Pending,
    /// Detected from the content, since signed addresses do not end in `.gz`.
    pub gzip: bool,
    pub bytes: u64,
}

impl Part {
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

/// An exported table as CSV.
#[derive(Debug)]
pub struct Export {
    /// In the order of the rows.
    pub parts: Vec<Part>,
    /// Whether the one part begins with the column names; slices never do.
    pub header: bool,
}

pub struct Downloader {
    /// Carries no credentials of its own, and leaves gzip alone so that lengths can be checked.
    http: Client,
    settings: Settings,
    scratch: PathBuf,
}

impl Downloader {
    /// Writes temporary files to `scratch`.
    pub fn new(settings: &Settings, scratch: &Path) -> Result<Self, SettingsError> {
        let http = Client::builder()
            .user_agent(concat!("agnes/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(120))
            .no_gzip()
            .build()
            .map_err(|error| SettingsError::Client(retry::network_text(error)))?;
        Ok(Self { http, settings: settings.clone(), scratch: scratch.to_owned() })
    }

    /// Fetches a file, sliced or not.
    pub async fn fetch(&self, storage: &StorageClient, file: &Id) -> Result<Export, DownloadError> {
        let access = Access::request(storage, file).await?;
        let main = self.piece(&access, None).await?;
        if !access.current().await.1.is_sliced {
            return Ok(Export { parts: vec![main], header: true });
        }
        let slices = slices(&main)?;
        let parts = stream::iter(slices)
            .map(async |slice| self.piece(&access, Some(&slice)).await)
            .buffered(MAX_CONCURRENT_SLICES)
            .try_collect()
            .await?;
        Ok(Export { parts, header: false })
    }

    /// Fetches one slice, or else the content or the manifest. If the credentials have expired, requests new ones once.
    async fn piece(&self, access: &Access<'_>, slice: Option<&str>) -> Result<Part, DownloadError> {
        let (generation, file) = access.current().await;
        match self.with_retries(&file, slice).await {
            Err(DownloadError::Refused(status)) if may_be_expired(status) => {
                tracing::info!(%status, "file credentials have expired, requesting new ones");
                let file = access.renewed(generation).await?;
                self.with_retries(&file, slice).await
            }
            outcome => outcome,
        }
    }

    async fn with_retries(&self, file: &FileInfo, slice: Option<&str>) -> Result<Part, DownloadError> {
        self.settings
            .retry
            .run(async || {
                let request = match slice {
                    None => self.http.get(file.url.expose()),
                    Some(address) => location::request(&self.http, &self.settings.endpoints, file, address)
                        .map_err(|error| Failure::Final(error.into()))?,
                };
                self.once(request).await
            })
            .await
    }

    async fn once(&self, request: RequestBuilder) -> Result<Part, Failure<DownloadError>> {
        let network = |error| Failure::Passing(DownloadError::Network(retry::network_text(error)), None);
        let disk = |error: std::io::Error| Failure::Final(error.into());
        let response = request.send().await.map_err(network)?;
        let status = response.status();
        if !status.is_success() {
            let requested = retry::retry_after(response.headers());
            return Err(Failure::answered(status, requested, DownloadError::Refused(status)));
        }
        let pending = Pending::beside(&self.scratch.join("download")).map_err(disk)?;
        let mut file = tokio::io::BufWriter::new(tokio::fs::File::from_std(pending.create().map_err(disk)?));
        let mut content = response.bytes_stream();
        let (mut bytes, mut start) = (0, Vec::<u8>::new());
        while let Some(chunk) = content.next().await {
            let chunk = chunk.map_err(network)?;
            if start.len() < GZIP.len() {
                start.extend(chunk.iter().take(GZIP.len() - start.len()));
            }
            bytes += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(disk)?;
        }
        file.flush().await.map_err(disk)?;
        Ok(Part { file: pending, gzip: start == GZIP, bytes })
    }
}

/// The current credentials of a file, renewed at most once per expiry however many slices notice it.
struct Access<'a> {
    storage: &'a StorageClient,
    id: &'a Id,
    current: Mutex<(u32, Arc<FileInfo>)>,
}

impl<'a> Access<'a> {
    async fn request(storage: &'a StorageClient, id: &'a Id) -> Result<Self, StorageError> {
        let file = storage.file(id).await?;
        Ok(Self { storage, id, current: Mutex::new((0, Arc::new(file))) })
    }

    async fn current(&self) -> (u32, Arc<FileInfo>) {
        self.current.lock().await.clone()
    }

    /// New credentials, if those of `seen` are still the current ones.
    async fn renewed(&self, seen: u32) -> Result<Arc<FileInfo>, StorageError> {
        let mut current = self.current.lock().await;
        if current.0 == seen {
            *current = (seen + 1, Arc::new(self.storage.file(self.id).await?));
        }
        Ok(current.1.clone())
    }
}

/// Object stores say 400 (S3), 401 (Google) or 403 (all) when a signature or token has expired.
fn may_be_expired(status: StatusCode) -> bool {
    [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status)
}

fn slices(manifest: &Part) -> Result<Vec<String>, DownloadError> {
    if manifest.bytes > MAX_MANIFEST_BYTES {
        return Err(DownloadError::Manifest(format!("it has {} bytes", manifest.bytes)));
    }
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(manifest.path())?)
        .map_err(|error| DownloadError::Manifest(error.to_string()))?;
    Ok(manifest.entries.into_iter().map(|entry| entry.url).collect())
}
