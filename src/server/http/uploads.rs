//! Files that come with a request.

use std::path::Path;

use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;

use super::extractors::{LongForm, Part, missing_file};
use crate::access::Admin;
use crate::base::atomic_file::Pending;
use crate::connectors::files;
use crate::domain::Error;
use crate::domain::uploads::{self, Upload};
use crate::protocol::file_format::{FileFormat, FormatChanges};
use crate::protocol::upload::UploadedTable;
use crate::server::{ApiError, ApiResult, App};

const MB: u64 = 1024 * 1024;

/// Checks that what is announced fits on the disk.
pub fn check_room(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let room = app.runner.has_room(announced.unwrap_or(0));
    room.map_err(|error| ApiError::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()))
}

/// Keeps reading for a while: a client that is still sending would not see why it was rejected.
pub async fn drain(form: &mut LongForm) {
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
pub async fn receive(mut part: Part<'_>, pending: &Pending, max_bytes: u64, shown: &str) -> ApiResult<u64> {
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

/// Makes a table of the field `file`, or replaces the file that it was made of. Keeps reading what a client is still
/// sending, so that it sees why it was rejected.
pub async fn receive_table(
    app: &App,
    admin: &Admin,
    name: String,
    replace: bool,
    headers: &HeaderMap,
    form: &mut LongForm,
) -> ApiResult<UploadedTable> {
    let outcome = accept(app, admin, name, replace, headers, form).await;
    if outcome.is_err() {
        drain(form).await;
    }
    outcome
}

async fn accept(
    app: &App,
    admin: &Admin,
    name: String,
    replace: bool,
    headers: &HeaderMap,
    form: &mut LongForm,
) -> ApiResult<UploadedTable> {
    uploads::check_upload(&app.store.snapshot(), &app.orchestrator.publication(), &name)?;
    check_room(app, headers)?;
    let folder = app.instance().files_folder(&app.config.data_dir);
    let (mut received, mut changes) = (None, None);
    while let Some(part) = form.next_part().await? {
        match part.name() {
            Some("file") if received.is_none() => {
                received = Some(receive_file(part, &folder, &name, app.config.max_upload_bytes).await?);
            }
            Some("file_format" | "file_format_changes") if changes.is_some() => {
                return Err(ApiError::bad_request("The form says twice how the file is read"));
            }
            Some("file_format") => changes = Some(read_json::<FileFormat>(part).await?.into()),
            Some("file_format_changes") => changes = Some(read_json::<FormatChanges>(part).await?),
            _ => {}
        }
    }
    let (extension, file, size_bytes) = received.ok_or_else(missing_file)?;
    let upload = Upload { name, extension, file, size_bytes, replace, changes };
    let publication = app.orchestrator.publication();
    Ok(uploads::upload_table(&app.store, &app.runner, admin, &publication, upload).await?)
}

/// Puts the file beside its future place. Returns its extension, itself and its size.
async fn receive_file(part: Part<'_>, folder: &Path, name: &str, max: u64) -> ApiResult<(String, Pending, u64)> {
    let extension = part.file_name().and_then(files::ending).map(str::to_ascii_lowercase).ok_or_else(|| {
        let known = "Only .csv, .csv.gz, .tsv, .tsv.gz and .parquet files can become tables";
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, known)
    })?;
    let file = Pending::beside(&folder.join(format!("{name}{extension}"))).map_err(Error::from)?;
    let size_bytes = receive(part, &file, max, &format!("{} MB", max / MB)).await?;
    Ok((extension, file, size_bytes))
}

/// Reads a field that says how the file is read.
async fn read_json<T: DeserializeOwned>(mut part: Part<'_>) -> ApiResult<T> {
    let name = part.name().unwrap_or_default().to_owned();
    let text = part.read(MB as usize).await?;
    let read = serde_json::from_slice(&text);
    read.map_err(|error| Error::field(&name, error.to_string(), String::from_utf8_lossy(&text)).into())
}
