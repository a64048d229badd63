//! Files that come with a request.

pub mod files;
pub mod tables;

use axum::http::{HeaderMap, StatusCode, header};
use tokio::io::AsyncWriteExt;

use crate::base::atomic_file::Pending;
use crate::domain::Error;
use crate::server::http::extractors::{LongForm, Part};
use crate::server::{ApiError, ApiResult, App};

const MB: u64 = 1024 * 1024;

/// Checks that what is announced fits on the disk.
fn check_room(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let room = app.runner.has_room(announced.unwrap_or(0));
    room.map_err(|error| ApiError::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()))
}

/// Keeps reading for a while: a client that is still sending would not see why it was rejected.
async fn drain(form: &mut LongForm) {
    let mut remaining = 8 * MB;
    while let Ok(Some(mut part)) = form.next_part().await {
        while let Ok(Some(chunk)) = part.chunk().await {
            remaining = remaining.saturating_sub(chunk.len() as u64);
            if remaining == 0 {
                return;
            }
        }
    }
}

/// Writes the field to disk as it arrives, unless it is larger than that; `shown` is the limit for people. Returns its size
/// in bytes.
async fn receive(mut part: Part<'_>, pending: &Pending, max_bytes: u64, shown: &str) -> ApiResult<u64> {
    let mut file = tokio::fs::File::from_std(pending.create().map_err(Error::from)?);
    let mut size = 0;
    while let Some(chunk) = part.chunk().await? {
        size += chunk.len() as u64;
        if size > max_bytes {
            return Err(ApiError::too_large(format!("File too large (max {shown})")));
        }
        file.write_all(&chunk).await.map_err(Error::from)?;
    }
    file.flush().await.map_err(Error::from)?;
    Ok(size)
}
