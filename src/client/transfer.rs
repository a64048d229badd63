//! Downloading one table's file, whole or from an offset, and uploading one.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use reqwest::header::{CONTENT_RANGE, IF_MATCH, IF_RANGE, RANGE};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio_util::io::ReaderStream;

use super::{Client, ClientError, request};

/// Timeout for the next bytes of a transfer.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Timeout of a whole transfer.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug, Default)]
pub struct DownloadRequest<'a> {
    pub table: &'a str,
    /// One part of a table in parts; `None`: the table as one file.
    pub part: Option<&'a str>,
    /// Number of bytes already downloaded; 0 asks for the whole file.
    pub offset: u64,
    /// Version to ask for: resuming another version returns the whole file.
    pub version: Option<&'a str>,
    /// Whether `version` is the hash of the file, so that the server refuses (412) when the file has changed.
    pub exact: bool,
}

/// A running transfer.
#[derive(Debug)]
pub struct Download {
    client: Client,
    response: Response,
    /// Position of the first byte in the file: the requested offset, or 0.
    pub offset: u64,
}

impl Client {
    /// Starts a transfer. Status 412 means that the file has changed, 416 that the offset is beyond its end.
    pub async fn download(&self, request: &DownloadRequest<'_>) -> Result<Download, ClientError> {
        let mut path = vec!["api", "data", request.table];
        match request.part {
            Some(part) => path.extend(["parts", part]),
            None => path.push("download"),
        }
        let mut builder = self.builder(Method::GET, &path, TRANSFER_TIMEOUT)?;
        if let Some(version) = request.version {
            let tag = format!("\"{version}\"");
            if request.exact {
                builder = builder.header(IF_MATCH, &tag);
            }
            if request.offset > 0 {
                builder = builder.header(RANGE, format!("bytes={}-", request.offset)).header(IF_RANGE, &tag);
            }
        }
        let started = tokio::time::timeout(IDLE_TIMEOUT, self.follow(builder)).await;
        let response = started.map_err(|_| self.stalled())??;
        let offset = if response.status() == StatusCode::PARTIAL_CONTENT { first_byte(&response) } else { Some(0) };
        match offset {
            Some(offset) if offset == 0 || offset == request.offset => {
                Ok(Download { client: self.clone(), response, offset })
            }
            _ => Err(ClientError::NotAgnes {
                server: self.server().to_owned(),
                reason: "it sent another part of the file than requested".into(),
            }),
        }
    }

    /// Streams a file as the multipart field `file`; `sent` gets the size of each chunk.
    pub async fn upload<T: DeserializeOwned>(
        &self,
        path: &[&str],
        file: &Path,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<T, ClientError> {
        let unreadable = |error: std::io::Error| ClientError::Setup(format!("{}: {error}", file.display()));
        let open = tokio::fs::File::open(file).await.map_err(unreadable)?;
        let length = open.metadata().await.map_err(unreadable)?.len();
        let chunks = ReaderStream::with_capacity(open, 256 * 1024).inspect_ok(move |chunk| sent(chunk.len() as u64));
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let part = Part::stream_with_length(Body::wrap_stream(chunks), length).file_name(name);
        let builder = self.builder(Method::POST, path, TRANSFER_TIMEOUT)?.multipart(Form::new().part("file", part));
        request::json(self.follow(builder).await?).await
    }
    fn stalled(&self) -> ClientError {
        let reason = format!("no data for {} seconds", IDLE_TIMEOUT.as_secs());
        ClientError::Unreachable { server: self.server().to_owned(), reason }
    }
}

impl Download {
    /// The next bytes, `None` at the end. A connection that ends early is an error.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        match tokio::time::timeout(IDLE_TIMEOUT, self.response.chunk()).await {
            Ok(outcome) => outcome.map_err(|error| self.client.unreachable(&error)),
            Err(_) => Err(self.client.stalled()),
        }
    }
}

/// `Content-Range: bytes 100-199/200` → 100.
fn first_byte(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
