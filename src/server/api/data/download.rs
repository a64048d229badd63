use std::io::SeekFrom;
use std::path::Path as FilePath;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::conditions::{Answer, answer};
use crate::access::{Denied, Principal, ReadableTable, readable};
use crate::base::{ident, time};
use crate::extract::{Content, Publication, PublishedFile};
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};

/// Bytes read from disk at a time.
const CHUNK: usize = 256 * 1024;

/// A table's parquet file, or a range of it; the ETag is its content hash.
#[utoipa::path(get, path = "/api/data/{table}/download", tag = "data",
    params(("table" = String, Path, description = "Name or registry id")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206), (status = 304),
        (status = 403), (status = 404), (status = 412, description = "Not the wanted content any more"),
        (status = 416)))]
pub async fn download(
    State(app): State<AppState>,
    caller: Principal,
    Path(table): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // Held until the file is open, so that a rebuild does not delete it meanwhile.
    let publication = app.orchestrator.publication();
    let found = find(&app, &publication, &caller, &table)?;
    match app.merged.file(found.table()).await.map_err(ApiError::internal)? {
        Some(file) => send(&found.table().name, &file, &headers).await,
        None => Err(ApiError::not_found(format!("Table '{table}' is not downloaded; query it on the server"))),
    }
}

/// One file of a table in parts; the ETag is its content hash.
#[utoipa::path(get, path = "/api/data/{table}/parts/{part}", tag = "data",
    params(("table" = String, Path, description = "Name or registry id"),
        ("part" = String, Path, description = "As the manifest names it")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206), (status = 304),
        (status = 403), (status = 404), (status = 412, description = "Not the wanted content any more"),
        (status = 416)))]
pub async fn part(
    State(app): State<AppState>,
    caller: Principal,
    Path((table, part)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let publication = app.orchestrator.publication();
    let found = find(&app, &publication, &caller, &table)?;
    let parts = match &found.table().content {
        Content::Parts(parts) => parts.as_slice(),
        Content::File(_) | Content::Remote(_) => &[],
    };
    let wanted = parts.iter().find(|wanted| wanted.name == part).ok_or_else(|| {
        ApiError::not_found(format!("Table '{table}' has no part '{part}'; the manifest names the parts it has"))
    })?;
    send(&format!("{}.{part}", found.table().name), &wanted.file, &headers).await
}

fn find(app: &AppState, publication: &Publication, caller: &Principal, table: &str) -> Result<ReadableTable, ApiError> {
    if !ident::is_relaxed(table) {
        return Err(ApiError::not_found("Table not found"));
    }
    readable(&app.store.snapshot(), publication, caller, table).map_err(|denied| match denied {
        Denied::Forbidden => ApiError::forbidden("Access denied to this table"),
        Denied::NotPublished => ApiError::not_found(format!("Table '{table}' not found")),
    })
}

/// Answers with a published file, or as the conditions of the request ask.
async fn send(name: &str, published: &PublishedFile, request: &HeaderMap) -> Result<Response, ApiError> {
    let mut file = File::open(&published.path).await.map_err(ApiError::internal)?;
    let (etag, size) = (format!("\"{}\"", published.hash), published.size_bytes);
    let mut headers = HeaderMap::new();
    let mut add = |name, value: String| {
        // Hashes, names and dates are plain ASCII.
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    add(ETAG, etag.clone());
    add(ACCEPT_RANGES, "bytes".into());
    if let Some(date) = last_modified(&published.path).await {
        add(LAST_MODIFIED, date);
    }
    let (status, start, length) = match answer(request, &etag, size) {
        Answer::NotModified => return Ok((StatusCode::NOT_MODIFIED, headers).into_response()),
        Answer::Changed => {
            let detail = "The table has changed since the manifest; fetch the manifest again";
            return Ok((headers, ApiError::new(StatusCode::PRECONDITION_FAILED, detail)).into_response());
        }
        Answer::OutOfRange => {
            add(CONTENT_RANGE, format!("bytes */{size}"));
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        }
        Answer::Whole => (StatusCode::OK, 0, size),
        Answer::Part(first, last) => {
            add(CONTENT_RANGE, format!("bytes {first}-{last}/{size}"));
            (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
        }
    };
    add(CONTENT_TYPE, "application/octet-stream".into());
    add(CONTENT_LENGTH, length.to_string());
    add(CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.parquet\""));
    file.seek(SeekFrom::Start(start)).await.map_err(ApiError::internal)?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK));
    Ok((status, headers, body).into_response())
}

async fn last_modified(path: &FilePath) -> Option<String> {
    let modified = tokio::fs::metadata(path).await.ok()?.modified().ok()?;
    let at = jiff::Timestamp::try_from(modified).ok()?;
    Some(time::civil(at).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}
