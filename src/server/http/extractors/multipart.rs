//! Multipart forms with parts of any length.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_compression::tokio::bufread::GzipDecoder;
use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::server::http::error::{ApiError, ApiResult};
use crate::server::http::openapi::Argument;

/// Of a form that may arrive without reaching the handler, in bytes: headers of a part, and parts that it skips. The
/// parser keeps in memory what has no end yet. Of a form in gzip, both forms of it count.
const MAX_AHEAD: usize = 8 * 1024 * 1024;
/// The parser reads as long as something is there; after so many bytes it has to pass on what it has.
const PIECE: usize = 1024 * 1024;
/// Unpacked at a time.
const UNPACKED: usize = 64 * 1024;

/// Takes little memory, whatever is sent, also in gzip (`Content-Encoding`). The handler limits the parts that it reads.
pub struct LongForm {
    parts: Multipart,
    ahead: Arc<AtomicUsize>,
}

/// A part of a form.
pub struct Part<'a> {
    field: Field<'a>,
    ahead: Arc<AtomicUsize>,
}

impl<S: Send + Sync> FromRequest<S> for LongForm {
    type Rejection = MultipartRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, MultipartRejection> {
        let ahead = Arc::default();
        let counted = |body| Body::from_stream(counted(body, Arc::clone(&ahead)));
        let is_packed = is_gzip(request.headers());
        let request = request.map(|body| if is_packed { counted(unpacked(counted(body))) } else { counted(body) });
        Ok(Self { parts: Multipart::from_request(request, state).await?, ahead })
    }
}

/// The handler answers what is not a form.
impl Argument for Result<LongForm, MultipartRejection> {
    const STATUSES: &'static [u16] = &[400, 413, 422];
}

impl LongForm {
    pub async fn next_part(&mut self) -> Result<Option<Part<'_>>, MultipartError> {
        let field = self.parts.next_field().await?;
        Ok(field.map(|field| Part { field, ahead: Arc::clone(&self.ahead) }))
    }
}

impl Part<'_> {
    pub fn name(&self) -> Option<&str> {
        self.field.name()
    }

    pub fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    /// The next piece of its content.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, MultipartError> {
        let chunk = self.field.chunk().await;
        self.ahead.store(0, Ordering::Relaxed);
        chunk
    }

    /// All of its content, which must not be longer than `max` bytes.
    pub async fn read(&mut self, max: usize) -> ApiResult<Vec<u8>> {
        let mut content = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if content.len() + chunk.len() > max {
                let name = self.name().unwrap_or_default();
                return Err(ApiError::too_large(format!("The field {name} is larger than {max} bytes")));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content)
    }
}

impl From<MultipartError> for ApiError {
    fn from(error: MultipartError) -> Self {
        let reason = error.body_text();
        Self::bad_request(format!("The upload was interrupted or is not a multipart form: {reason}"))
    }
}

/// For a form without the field `file`.
pub fn missing_file() -> ApiError {
    let detail = json!([{"type": "missing", "loc": ["body", "file"], "msg": "Field required", "input": null}]);
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

fn is_gzip(headers: &HeaderMap) -> bool {
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["gzip", "x-gzip"].iter().any(|known| encoding.trim().eq_ignore_ascii_case(known))
}

/// Of the first member only: beginning another one takes long, compared with its least size.
fn unpacked(body: Body) -> Body {
    let packed = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
    Body::from_stream(ReaderStream::with_capacity(GzipDecoder::new(packed), UNPACKED))
}

/// Fails once too much of the body has arrived since `ahead` was 0.
fn counted(body: Body, ahead: Arc<AtomicUsize>) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    stream::unfold((body.into_data_stream(), 0), move |(mut body, mut piece)| {
        let ahead = Arc::clone(&ahead);
        async move {
            if piece >= PIECE {
                tokio::task::yield_now().await;
                piece = 0;
            }
            let chunk = body.next().await?.and_then(|chunk| {
                piece += chunk.len();
                match ahead.fetch_add(chunk.len(), Ordering::Relaxed) {
                    before if before > MAX_AHEAD => Err(axum::Error::new("a part of the form is too long")),
                    _ => Ok(chunk),
                }
            });
            Some((chunk, (body, piece)))
        }
    })
}
