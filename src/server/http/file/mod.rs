//! Sending a file whose content is known by its hash: whole, a range of it, or nothing if the client has it already.

mod conditions;

use std::io::SeekFrom;
use std::path::Path;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use headers::{AcceptRanges, ContentLength, ContentRange, ContentType, ETag, HeaderMapExt, LastModified};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use self::conditions::Outcome;
use crate::server::{ApiError, ApiResult};

/// Size of reads from disk.
const CHUNK_BYTES: usize = 256 * 1024;

pub struct SentFile<'a> {
    pub path: &'a Path,
    /// Of the content, which is the ETag.
    pub hash: &'a str,
    pub size_bytes: u64,
    /// Name under which clients store it; plain ASCII without quotes.
    pub name: &'a str,
    pub cache_control: &'static str,
    /// For a client that expects other content.
    pub changed: &'static str,
}

impl SentFile<'_> {
    /// The response that the conditions of the request require.
    pub async fn respond(&self, request: &HeaderMap) -> ApiResult<Response> {
        let mut file = tokio::fs::File::open(self.path).await.map_err(ApiError::internal)?;
        let modified = file.metadata().await.and_then(|metadata| metadata.modified());
        let size = self.size_bytes;
        let etag: ETag = format!("\"{}\"", self.hash).parse().map_err(ApiError::internal)?;
        let outcome = conditions::evaluate(request, &etag, size);
        let mut headers = HeaderMap::new();
        headers.typed_insert(etag);
        headers.typed_insert(AcceptRanges::bytes());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        if let Ok(time) = modified {
            headers.typed_insert(LastModified::from(time));
        }
        let (status, start, length) = match outcome {
            Outcome::NotModified => return Ok((StatusCode::NOT_MODIFIED, headers).into_response()),
            Outcome::Changed => {
                return Ok((headers, ApiError::new(StatusCode::PRECONDITION_FAILED, self.changed)).into_response());
            }
            Outcome::OutOfRange => {
                headers.typed_insert(ContentRange::unsatisfied_bytes(size));
                let detail = "The range begins after the end of the file";
                return Ok((headers, ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, detail)).into_response());
            }
            Outcome::Whole => (StatusCode::OK, 0, size),
            Outcome::Part(first, last) => {
                headers.typed_insert(ContentRange::bytes(first..=last, size).map_err(ApiError::internal)?);
                (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
            }
        };
        headers.typed_insert(ContentType::octet_stream());
        headers.typed_insert(ContentLength(length));
        let disposition = format!("attachment; filename=\"{}\"", self.name).parse().map_err(ApiError::internal)?;
        headers.insert(CONTENT_DISPOSITION, disposition);
        file.seek(SeekFrom::Start(start)).await.map_err(ApiError::internal)?;
        let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES));
        Ok((status, headers, body).into_response())
    }
}
