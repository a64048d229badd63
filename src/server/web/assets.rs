//! Style sheets, scripts and pictures. Their address names a hash of all of them, so that browsers can keep them for ever;
//! modules import each other by relative paths, and stay below the same hash.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::server::ApiError;

#[derive(RustEmbed)]
#[folder = "static/"]
#[include = "*.css"]
#[include = "*.js"]
#[include = "*.svg"]
struct Static;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const BRIEFLY: &str = "public, max-age=300";

/// Changes with every change of a file.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = Sha256::new();
    for name in Static::iter() {
        hasher.update(name.as_bytes());
        hasher.update(Static::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    data_encoding::HEXLOWER.encode(&hasher.finalize()[..8])
});

/// The address of a file.
pub fn address(name: &str) -> String {
    format!("/static/{}/{name}", *VERSION)
}

/// `GET /static/{version}/{path}`
pub async fn serve_asset(Path((version, path)): Path<(String, String)>) -> Response {
    // A page of an earlier version of the program may still be open.
    serve(&path, if version == *VERSION { FOR_EVER } else { BRIEFLY })
}

/// `GET /static/{path}`, for those who wrote an address down.
pub async fn serve_latest_asset(Path(path): Path<String>) -> Response {
    serve(&path, BRIEFLY)
}

/// `GET /favicon.ico`, which browsers ask for on their own.
pub async fn serve_icon() -> Response {
    serve("icon.svg", BRIEFLY)
}

fn serve(path: &str, cache_control: &'static str) -> Response {
    let Some(file) = Static::get(path) else { return ApiError::not_found("Not Found").into_response() };
    let kind = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, cache_control)], file.data).into_response()
}
