//! Uploading a file.

use std::path::Path;

use futures_util::TryStreamExt;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use serde::de::DeserializeOwned;
use tokio_util::io::ReaderStream;

use super::download::TRANSFER_TIMEOUT;
use super::{Client, ClientError, request};

impl Client {
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
}
