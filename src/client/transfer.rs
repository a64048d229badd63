//! Downloading one table's file, whole or from an offset, and uploading one.

use std::path::Path;
use std::time::Duration;

use async_compression::tokio::bufread::GzipEncoder;
use bytes::Bytes;
use futures_util::TryStreamExt;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_RANGE, RANGE,
};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio_util::io::{ReaderStream, StreamReader};

use super::{Client, ClientError, TIMEOUT, request};
use crate::protocol::file_format::FormatChanges;
use crate::protocol::system::Version;
use crate::protocol::upload::GZIP;

/// Timeout of a whole transfer.
pub(super) const TRANSFER_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// Read from a file at once, in bytes.
const CHUNK: usize = 256 * 1024;

#[derive(Clone, Debug, Default)]
pub struct DownloadRequest<'a> {
    pub table: &'a str,
    /// One part of a table in parts; `None`: the table as one file.
    pub part: Option<&'a str>,
    /// Path on the server, instead of the usual one.
    pub path: Option<&'a str>,
    /// Position of the first byte to send.
    pub offset: u64,
    /// Position behind the last one, unless that is the end of the file.
    pub end: Option<u64>,
    /// Version to ask for: resuming another version returns the whole file.
    pub version: Option<&'a str>,
    /// The tag that the server gave this version, if that is not `version`.
    pub tag: Option<&'a str>,
    /// Whether `version` is the hash of the file, so that the server refuses (412) when the file has changed.
    pub exact: bool,
    /// Timeout for the next bytes.
    pub idle_timeout: Duration,
}

/// A running transfer.
#[derive(Debug)]
pub struct Download {
    client: Client,
    response: Response,
    idle_timeout: Duration,
    /// Position of the first byte in the file: the requested offset, or 0.
    pub offset: u64,
    /// Whether the server sends a range, and not the file from its beginning to its end.
    pub is_range: bool,
}

impl Client {
    /// Starts a transfer. Status 412 means that the file has changed, 416 that the offset is beyond its end.
    pub async fn download(&self, request: &DownloadRequest<'_>) -> Result<Download, ClientError> {
        let mut path = vec!["api", "data", request.table];
        match request.part {
            Some(part) => path.extend(["parts", part]),
            None => path.push("download"),
        }
        let builder = match request.path {
            Some(path) => self.builder_at(path, TRANSFER_TIMEOUT)?,
            None => self.builder(Method::GET, &path, TRANSFER_TIMEOUT)?,
        };
        // A parquet file is compressed, and a range of it cannot be decompressed alone.
        let mut builder = builder.header(ACCEPT_ENCODING, "identity");
        if let Some(version) = request.version {
            if request.exact {
                builder = builder.header(IF_MATCH, format!("\"{version}\""));
            }
            if request.offset > 0 || request.end.is_some() {
                let last = request.end.map(|end| (end - 1).to_string()).unwrap_or_default();
                let tag = request.tag.unwrap_or(version);
                builder = builder
                    .header(RANGE, format!("bytes={}-{last}", request.offset))
                    .header(IF_RANGE, format!("\"{tag}\""));
            }
        }
        let started = tokio::time::timeout(request.idle_timeout, self.follow(builder)).await;
        let response = started.map_err(|_| self.stalled(request.idle_timeout))??;
        if request.exact && is_other_version(&response, request.version.unwrap_or_default()) {
            // As the server says it itself when the condition reaches it.
            return Err(ClientError::Status { status: 412, body: Value::Null, retry_after: None });
        }
        let is_range = response.status() == StatusCode::PARTIAL_CONTENT;
        let offset = if is_range { first_byte(&response) } else { Some(0) };
        match offset {
            Some(offset) if offset == 0 || offset == request.offset => {
                let idle_timeout = request.idle_timeout;
                Ok(Download { client: self.clone(), response, idle_timeout, offset, is_range })
            }
            _ => Err(self.interrupted("it sent another part of the file than requested")),
        }
    }

    /// Whether the server unpacks uploads; v0.35 does not.
    pub async fn unpacks_uploads(&self) -> bool {
        let version: Result<Version, _> = self.get(&["api", "version"], &[]).await;
        version.is_ok_and(|version| version.upload_encodings.iter().any(|encoding| encoding == GZIP))
    }

    /// Streams a file as the multipart field `file`, behind changes to how it is read; `sent` gets the size of each chunk.
    pub async fn upload<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        changes: Option<&FormatChanges>,
        file: &Path,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<T, ClientError> {
        let mut form = Form::new();
        if let Some(changes) = changes {
            form = form.text("file_format_changes", serde_json::json!(changes).to_string());
        }
        let form = form.part("file", file_part(file, sent).await?);
        let builder = self.builder(Method::POST, path, TRANSFER_TIMEOUT)?.query(query);
        self.json(self.follow(builder.multipart(form)).await?).await
    }

    /// Streams a file as the multipart field `file`, all of it in gzip; `sent` gets the size of each chunk before that.
    pub async fn upload_packed<T: DeserializeOwned>(
        &self,
        path: &[&str],
        file: &Path,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<T, ClientError> {
        let form = Form::new().part("file", file_part(file, sent).await?);
        let form_type = format!("multipart/form-data; boundary={}", form.boundary());
        let plain = StreamReader::new(form.into_stream().map_err(std::io::Error::other));
        let packed = ReaderStream::with_capacity(GzipEncoder::new(plain), CHUNK);
        let builder = self.builder(Method::POST, path, TRANSFER_TIMEOUT)?.header(CONTENT_TYPE, form_type);
        let builder = builder.header(CONTENT_ENCODING, GZIP).body(Body::wrap_stream(packed));
        self.json(self.follow(builder).await?).await
    }

    /// Sends texts as multipart fields `file`, each with its name.
    pub async fn send_files<T: DeserializeOwned>(
        &self,
        path: &[&str],
        files: Vec<(String, String)>,
    ) -> Result<T, ClientError> {
        let form = files
            .into_iter()
            .fold(Form::new(), |form, (name, text)| form.part("file", Part::text(text).file_name(name)));
        let builder = self.builder(Method::POST, path, TRANSFER_TIMEOUT)?;
        self.json(self.follow(builder.multipart(form)).await?).await
    }

    /// Starts the download of one of the server's programs.
    pub async fn download_program(&self, filename: &str) -> Result<Download, ClientError> {
        let builder = self.builder(Method::GET, &["cli", "bin", filename], TRANSFER_TIMEOUT)?;
        let response = self.follow(builder.header(ACCEPT_ENCODING, "identity")).await?;
        Ok(Download { client: self.clone(), response, idle_timeout: TIMEOUT, offset: 0, is_range: false })
    }

    fn stalled(&self, timeout: Duration) -> ClientError {
        self.interrupted(format!("no data for {} seconds", timeout.as_secs()))
    }
}

impl Download {
    /// The next bytes, `None` at the end. A connection that breaks is an error; whether all bytes have come is known to
    /// whoever knows the size of the file, since a proxy may end a response as if it were complete.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        match tokio::time::timeout(self.idle_timeout, self.response.chunk()).await {
            Ok(outcome) => outcome.map_err(|error| self.client.interrupted(request::root_cause(&error))),
            Err(_) => Err(self.client.stalled(self.idle_timeout)),
        }
    }

    /// The tag by which the server knows this version, if it can be used to ask for the rest of it.
    pub fn tag(&self) -> Option<&str> {
        let tag = self.response.headers().get(ETAG)?.to_str().ok()?.strip_prefix('"')?.strip_suffix('"')?;
        let is_plain = (1..=64).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_plain.then_some(tag)
    }

    /// The error of a response that ended before the file did.
    pub fn ended_early(&self) -> ClientError {
        self.client.interrupted("the response ended early")
    }
}

async fn file_part(file: &Path, sent: impl Fn(u64) + Send + Sync + 'static) -> Result<Part, ClientError> {
    let unreadable = |error: std::io::Error| ClientError::Setup(format!("{}: {error}", file.display()));
    let open = tokio::fs::File::open(file).await.map_err(unreadable)?;
    let length = open.metadata().await.map_err(unreadable)?.len();
    // It may be growing: what was announced is sent.
    let chunks =
        ReaderStream::with_capacity(open.take(length), CHUNK).inspect_ok(move |chunk| sent(chunk.len() as u64));
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Part::stream_with_length(Body::wrap_stream(chunks), length).file_name(name))
}

/// Returns whether the ETag is the hash of another file. A proxy may change a tag (`W/"…"`, `"…-gzip"`), which says
/// nothing about the file.
fn is_other_version(response: &Response, version: &str) -> bool {
    let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let hash = tag.trim_matches('"');
    hash.len() == version.len()
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !hash.eq_ignore_ascii_case(version)
}

/// `Content-Range: bytes 100-199/200` → 100.
fn first_byte(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
