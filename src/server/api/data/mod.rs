mod conditions;

use std::io::SeekFrom;

use axum::Extension;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use headers::{AcceptRanges, ContentLength, ContentRange, ContentType, ETag, HeaderMapExt, LastModified};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use self::conditions::Outcome;
use crate::access::{Denied, Principal, ReadableTable, readable};
use crate::base::ident;
use crate::extract::{Content, Publication, PublishedFile};
use crate::server::http::extractors::Path;
use crate::server::http::middleware::data_read::DataRead;
use crate::server::{ApiError, ApiResult, AppState};

/// Size of reads from disk.
const CHUNK_BYTES: usize = 256 * 1024;

/// Returns a table's parquet file, or a range of it. The ETag is the hash of its content.
#[utoipa::path(get, path = "/api/data/{table}/download", tag = "data",
    params(("table", description = "Name or registry id")),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 206, content_type = "application/octet-stream"), (status = 304), (status = 403),
        (status = 404), (status = 412, description = "Not the expected content"), (status = 416)))]
pub async fn download_table(
    app: AppState,
    caller: Principal,
    Path(table): Path<String>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    // Held until the file is open, so that a rebuild does not delete it.
    let publication = app.orchestrator.publication();
    let found = find(&app, &publication, &caller, &table)?;
    let read = DataRead::table("download", &found.table().name, u64::try_from(found.table().rows).ok());
    match app.merged.file(found.table()).await.map_err(ApiError::internal)? {
        Some(file) => send(&found.table().name, &file, &headers, read).await,
        None => Err(ApiError::not_found(format!("Table '{table}' is not downloaded; query it on the server"))),
    }
}

/// Returns one file of a table in parts. The ETag is the hash of its content.
#[utoipa::path(get, path = "/api/data/{table}/parts/{part}", tag = "data",
    params(("table", description = "Name or registry id"), ("part", description = "Name in the manifest")),
    responses((status = 200, content_type = "application/octet-stream"),
        (status = 206, content_type = "application/octet-stream"), (status = 304), (status = 403),
        (status = 404), (status = 412, description = "Not the expected content"), (status = 416)))]
pub async fn download_part(
    app: AppState,
    caller: Principal,
    Path((table, part)): Path<(String, String)>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let publication = app.orchestrator.publication();
    let found = find(&app, &publication, &caller, &table)?;
    let parts = match &found.table().content {
        Content::Parts(parts) => parts.as_slice(),
        Content::File(_) | Content::Remote(_) => &[],
    };
    let requested = parts.iter().find(|candidate| candidate.name == part).ok_or_else(|| {
        ApiError::not_found(format!("Table '{table}' has no part '{part}'; the manifest lists its parts"))
    })?;
    let read = DataRead::table("part", &found.table().name, None);
    send(&format!("{}.{part}", found.table().name), &requested.file, &headers, read).await
}

fn find(app: &AppState, publication: &Publication, caller: &Principal, table: &str) -> ApiResult<ReadableTable> {
    if !ident::is_relaxed(table) {
        return Err(ApiError::not_found("Table not found"));
    }
    readable(&app.store.snapshot(), publication, caller, table).map_err(|denied| match denied {
        Denied::Forbidden => ApiError::forbidden("Access denied to this table"),
        Denied::NotPublished => ApiError::not_found(format!("Table '{table}' not found")),
    })
}

/// Sends a published file, or responds as the conditions of the request require.
async fn send(name: &str, published: &PublishedFile, request: &HeaderMap, read: DataRead) -> ApiResult<Response> {
    let response = respond(name, published, request).await?;
    Ok((Extension(read), response).into_response())
}

async fn respond(name: &str, published: &PublishedFile, request: &HeaderMap) -> ApiResult<Response> {
    let mut file = File::open(&published.path).await.map_err(ApiError::internal)?;
    let modified = file.metadata().await.and_then(|metadata| metadata.modified());
    let size = published.size_bytes;
    let etag: ETag = format!("\"{}\"", published.hash).parse().map_err(ApiError::internal)?;
    let outcome = conditions::evaluate(request, &etag, size);
    let mut headers = HeaderMap::new();
    headers.typed_insert(etag);
    headers.typed_insert(AcceptRanges::bytes());
    // A client may keep its copy, and asks each time whether it is current and may still be read.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(time) = modified {
        headers.typed_insert(LastModified::from(time));
    }
    let (status, start, length) = match outcome {
        Outcome::NotModified => return Ok((StatusCode::NOT_MODIFIED, headers).into_response()),
        Outcome::Changed => {
            let detail = "The table has changed since the manifest; fetch the manifest again";
            return Ok((headers, ApiError::new(StatusCode::PRECONDITION_FAILED, detail)).into_response());
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
    // Names of tables are plain ASCII.
    let disposition = format!("attachment; filename=\"{name}.parquet\"").parse().map_err(ApiError::internal)?;
    headers.insert(CONTENT_DISPOSITION, disposition);
    file.seek(SeekFrom::Start(start)).await.map_err(ApiError::internal)?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(length), CHUNK_BYTES));
    Ok((status, headers, body).into_response())
}
