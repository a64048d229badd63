//! gzip for responses that benefit from it.

use axum::extract::Request;
use axum::http::header;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::protocol::query::{ARROW, PARQUET};

/// Smaller bodies fit in one packet.
const MIN_BYTES: u64 = 1024;

/// Parquet is compressed already, and ranges and checksums refer to the bytes of the file.
const DOWNLOADS: [&str; 4] = ["/api/data/", "/cli/bin/", "/cli/wheel/", "/cli/download"];

pub fn layer() -> CompressionLayer<impl Predicate> {
    let predicate = SizeAbove::new(MIN_BYTES)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new(ARROW))
        .and(NotForContentType::const_new(PARQUET));
    CompressionLayer::new().gzip(true).compress_when(predicate)
}

/// Hides from [`layer`] that the client accepts gzip.
pub fn exempt_downloads(mut request: Request) -> Request {
    if DOWNLOADS.iter().any(|path| request.uri().path().starts_with(path)) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    request
}
