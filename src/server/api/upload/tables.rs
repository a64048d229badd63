//! Data files that become tables.

use std::path::Path as FilePath;

use axum::extract::multipart::MultipartRejection;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::{MB, check_room, drain, receive};
use crate::access::Admin;
use crate::base::atomic_file::Pending;
use crate::connectors::files;
use crate::domain::Error;
use crate::domain::uploads::{self, Upload};
use crate::protocol::file_format::{FileFormat, FormatChanges};
use crate::protocol::upload::{UploadForm, UploadedTable};
use crate::server::http::extractors::{Created, LongForm, Part, Path, Query, missing_file};
use crate::server::{ApiError, ApiResult, AppState};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Whether the file may replace a table that has none of its columns.
    #[serde(default)]
    replace: bool,
}

/// Makes a table of the file in the multipart field `file`, or replaces the file that it was made of. The file is
/// checked first; one that cannot become a table is rejected, and nothing changes. The field `file_format` (JSON as in
/// the registry) says how it is read, and is kept; `file_format_changes` (JSON as for `PATCH /api/admin/registry/{id}/types`)
/// changes what was declared for the table before, which otherwise counts. File and declaration are stored together.
#[utoipa::path(post, path = "/api/upload/tables/{name}", tag = "upload",
    params(UploadQuery), request_body(content_type = "multipart/form-data", content = UploadForm),
    responses((status = 201, body = UploadedTable),
        (status = 409, description = "The table has another source, or none of the file's columns"),
        (status = 413), (status = 415), (status = 422), (status = 429), (status = 507)))]
pub async fn upload_table(
    app: AppState,
    admin: Admin,
    Path(name): Path<String>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    form: Result<LongForm, MultipartRejection>,
) -> ApiResult<Created<UploadedTable>> {
    let mut form = form.map_err(|_| missing_file())?;
    let _turn = app.people.uploads.take(&admin.user().id)?;
    let outcome = accept(&app, &admin, name, query.replace, &headers, &mut form).await;
    if outcome.is_err() {
        drain(&mut form).await;
    }
    outcome
}

async fn accept(
    app: &AppState,
    admin: &Admin,
    name: String,
    replace: bool,
    headers: &HeaderMap,
    form: &mut LongForm,
) -> ApiResult<Created<UploadedTable>> {
    uploads::check_upload(&app.store.snapshot(), &app.orchestrator.publication(), &name)?;
    check_room(app, headers)?;
    let folder = app.config.instance.files_folder(&app.config.data_dir);
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
    let table = uploads::upload_table(&app.store, &app.runner, admin, &publication, upload).await?;
    Ok(Created(table))
}

/// Puts the file beside its future place. Returns its extension, itself and its size.
async fn receive_file(part: Part<'_>, folder: &FilePath, name: &str, max: u64) -> ApiResult<(String, Pending, u64)> {
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
