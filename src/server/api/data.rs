use axum::Extension;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use crate::access::{Denied, Principal, ReadableTable, readable};
use crate::base::ident;
use crate::extract::{Content, Publication, PublishedFile};
use crate::server::http::extractors::Path;
use crate::server::http::file::SentFile;
use crate::server::http::middleware::data_read::DataRead;
use crate::server::{ApiError, ApiResult, AppState};

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
    let file = SentFile {
        path: &published.path,
        hash: &published.hash,
        size_bytes: published.size_bytes,
        name: &format!("{name}.parquet"),
        // A client may keep its copy, and asks each time whether it is current and may still be read.
        cache_control: "private, no-cache",
        changed: "The table has changed since the manifest; fetch the manifest again",
    };
    Ok((Extension(read), file.respond(request).await?).into_response())
}
