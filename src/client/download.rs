//! Downloading one table's file, whole or from an offset.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, IF_MATCH, IF_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};

use super::{Client, ClientError};

/// Longest silence of a transfer before it counts as broken.
const SILENCE: Duration = Duration::from_secs(60);
/// Longest time for one whole transfer.
const WHOLE: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug, Default)]
pub struct DownloadRequest<'a> {
    pub table: &'a str,
    /// One part of a table in parts; `None`: the table as one file.
    pub part: Option<&'a str>,
    /// Bytes that are there already; 0 asks for the whole file.
    pub offset: u64,
    /// Version to ask for: a continuation of another version becomes the whole file.
    pub version: Option<&'a str>,
    /// Whether `version` is the hash of the file, so that the server refuses (412) when the file has changed.
    pub exact: bool,
}

/// A running transfer.
#[derive(Debug)]
pub struct Download {
    client: Client,
    response: Response,
    /// Where in the file the first byte belongs: the requested offset, or 0.
    pub offset: u64,
}

impl Client {
    /// Starts a transfer. Status 412 means that the file is another one by now, 416 that the offset is beyond its end.
    pub async fn download(&self, request: &DownloadRequest<'_>) -> Result<Download, ClientError> {
        let mut path = vec!["api", "data", request.table];
        match request.part {
            Some(part) => path.extend(["parts", part]),
            None => path.push("download"),
        }
        let mut builder = self.builder(Method::GET, &path, WHOLE)?;
        if let Some(version) = request.version {
            let tag = format!("\"{version}\"");
            if request.exact {
                builder = builder.header(IF_MATCH, &tag);
            }
            if request.offset > 0 {
                builder = builder.header(RANGE, format!("bytes={}-", request.offset)).header(IF_RANGE, &tag);
            }
        }
        let started = tokio::time::timeout(SILENCE, self.follow(builder)).await;
        let response = started.map_err(|_| self.silent())??;
        let offset = if response.status() == StatusCode::PARTIAL_CONTENT { first_byte(&response) } else { Some(0) };
        match offset {
            Some(offset) if offset == 0 || offset == request.offset => {
                Ok(Download { client: self.clone(), response, offset })
            }
            _ => Err(ClientError::NotAgnes {
                server: self.server().to_owned(),
                reason: "it sent another part of the file than was asked for".into(),
            }),
        }
    }

    fn silent(&self) -> ClientError {
        let reason = format!("nothing came for {} seconds", SILENCE.as_secs());
        ClientError::Unreachable { server: self.server().to_owned(), reason }
    }
}

impl Download {
    /// The next bytes, `None` at the end. A connection that breaks off early is an error.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        match tokio::time::timeout(SILENCE, self.response.chunk()).await {
            Ok(outcome) => outcome.map_err(|error| self.client.unreachable(&error)),
            Err(_) => Err(self.client.silent()),
        }
    }
}

/// `Content-Range: bytes 100-199/200` → 100.
fn first_byte(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
