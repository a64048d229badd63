//! Sending a file.

use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use serde::de::DeserializeOwned;
use tokio_util::io::ReaderStream;

use super::{Client, ClientError, request};

/// Longest time for one upload.
const WHOLE: Duration = Duration::from_secs(24 * 3600);

impl Client {
    /// Sends a file as the multipart field `file`, a piece at a time; `sent` hears the size of each piece.
    pub async fn upload<T: DeserializeOwned>(
        &self,
        path: &[&str],
        file: &Path,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<T, ClientError> {
        let unreadable = |error: std::io::Error| ClientError::Setup(format!("{}: {error}", file.display()));
        let open = tokio::fs::File::open(file).await.map_err(unreadable)?;
        let length = open.metadata().await.map_err(unreadable)?.len();
        let pieces = ReaderStream::with_capacity(open, 256 * 1024).inspect_ok(move |piece| sent(piece.len() as u64));
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let part = Part::stream_with_length(Body::wrap_stream(pieces), length).file_name(name);
        let builder = self.builder(Method::POST, path, WHOLE)?.multipart(Form::new().part("file", part));
        request::json(self.follow(builder).await?).await
    }
}
