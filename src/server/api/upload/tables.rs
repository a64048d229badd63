use std::path::Path as FilePath;

use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::access::Admin;
use crate::base::atomic_file::{self, PUBLIC, Pending};
use crate::connectors::files;
use crate::domain::registry::rules;
use crate::protocol::upload::{Column, UploadedTable};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::registry::{self, Table};
use crate::store::{StoreError, audit};

const MB: u64 = 1024 * 1024;

/// Makes a table of the file in the multipart field `file`, or replaces what the table was made of. The file is looked
/// through first; what is wrong with it is told, and changes nothing.
#[utoipa::path(post, path = "/api/upload/tables/{name}", tag = "upload", params(("name" = String, Path)),
    request_body(content_type = "multipart/form-data", content = Vec<u8>),
    responses((status = 201, body = UploadedTable), (status = 409, description = "The table has another source"),
        (status = 413), (status = 415), (status = 422), (status = 507)))]
pub async fn upload(
    State(app): State<AppState>,
    admin: Admin,
    Path(name): Path<String>,
    headers: HeaderMap,
    multipart: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<(StatusCode, Json<UploadedTable>), ApiError> {
    let mut multipart = multipart.map_err(|_| no_file())?;
    let answer = accept(&app, &admin, name, &headers, &mut multipart).await;
    if answer.is_err() {
        drain(&mut multipart).await;
    }
    answer
}

/// Reads on for a while: a client that is still sending would not see why it was refused.
async fn drain(multipart: &mut Multipart) {
    let mut left = 8 * MB;
    while let Ok(Some(mut field)) = multipart.next_field().await {
        while let Ok(Some(chunk)) = field.chunk().await {
            left = left.saturating_sub(chunk.len() as u64);
            if left == 0 {
                return;
            }
        }
    }
}

async fn accept(
    app: &AppState,
    admin: &Admin,
    name: String,
    headers: &HeaderMap,
    multipart: &mut Multipart,
) -> Result<(StatusCode, Json<UploadedTable>), ApiError> {
    rules::name(&name)?;
    is_ours(app, &name)?;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    app.runner.has_room(announced.unwrap_or(0)).map_err(full)?;
    let field = loop {
        match multipart.next_field().await.map_err(broken)? {
            Some(field) if field.name() == Some("file") => break field,
            Some(_) => {}
            None => return Err(no_file()),
        }
    };
    let ending = field.file_name().and_then(files::ending).map(str::to_ascii_lowercase).ok_or_else(|| {
        let known = "Only .csv, .csv.gz, .tsv, .tsv.gz and .parquet files can become tables";
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, known)
    })?;
    let folder = app.config.instance.files_folder(&app.config.data_dir);
    let file_name = format!("{name}{ending}");
    let pending = Pending::beside(&folder.join(&file_name), PUBLIC).map_err(unwritable)?;
    let size_bytes = receive(field, &pending, app.config.max_upload_bytes).await?;
    let checked =
        app.runner.check_file(pending.path(), &file_name).await.map_err(|error| {
            ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{error}. Nothing was changed."))
        })?;
    tokio::task::spawn_blocking(move || put_in_place(pending, &folder, &name_of(&file_name), &file_name))
        .await
        .map_err(ApiError::internal)?
        .map_err(unwritable)?;
    let (id, status) = register(app, admin, &name, json!({ "rows": checked.rows, "bytes": size_bytes })).await?;
    let run_id = app.runner.trigger(Some([id.clone()].into()), Some(&admin.user().email));
    let columns = checked.columns.into_iter().map(|(name, kind)| Column { name, kind }).collect();
    let table = UploadedTable { id, name, rows: checked.rows, size_bytes, columns, status: status.into(), run_id };
    Ok((StatusCode::CREATED, Json(table)))
}

/// Refuses a table that comes from elsewhere.
fn is_ours(app: &AppState, name: &str) -> Result<(), ApiError> {
    let snapshot = app.store.snapshot();
    let registered = snapshot.registry.by_name(name).and_then(|row| row.source_type.clone());
    let published = app.orchestrator.publication().get(name).map(|table| SourceType::from(table.source.as_str()));
    match registered.or(published).filter(|source| !source.is_empty() && *source != SourceType::LOCAL) {
        Some(source) => {
            Err(ApiError::conflict(format!("Table '{name}' comes from {source}; upload the file under another name")))
        }
        None => Ok(()),
    }
}

/// Writes the field to disk as it comes. Returns its size.
async fn receive(mut field: Field<'_>, pending: &Pending, most: u64) -> Result<u64, ApiError> {
    let mut file = tokio::fs::File::from_std(pending.create().map_err(unwritable)?);
    let mut size = 0;
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        size += chunk.len() as u64;
        if size > most {
            return Err(ApiError::too_large(format!("File too large (max {} MB)", most / MB)));
        }
        file.write_all(&chunk).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    Ok(size)
}

/// The file takes the place of every other file that the table may have been made of.
fn put_in_place(pending: Pending, folder: &FilePath, table: &str, file_name: &str) -> std::io::Result<()> {
    pending.commit()?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let other = entry.file_name().to_string_lossy().into_owned();
        let is_of_table = files::ending(&other).is_some() && name_of(&other).eq_ignore_ascii_case(table);
        if is_of_table && other != file_name && entry.path().is_file() {
            atomic_file::remove(&entry.path())?;
        }
    }
    Ok(())
}

fn name_of(file_name: &str) -> String {
    let ending = files::ending(file_name).unwrap_or_default();
    file_name[..file_name.len() - ending.len()].to_owned()
}

/// The id of the table, which is registered where it was not, and what was done.
async fn register(
    app: &AppState,
    admin: &Admin,
    name: &str,
    details: serde_json::Value,
) -> Result<(String, &'static str), ApiError> {
    let known = app.store.snapshot().registry.by_name(name).map(|row| row.id.clone());
    let (actor, status) = (admin.actor(), if known.is_some() { "updated" } else { "registered" });
    let table = Table {
        id: name.to_lowercase(),
        name: name.to_owned(),
        source_type: Some(SourceType::LOCAL),
        sync_strategy: Some(SyncStrategy::FullRefresh),
        query_mode: Some(QueryMode::Local),
        profile_after_sync: true,
        registered_by: Some(admin.user().email.clone()),
        ..Table::default()
    };
    let id = known.clone().unwrap_or_else(|| table.id.clone());
    let resource = id.clone();
    let written = app.store.write(move |change| -> Result<_, StoreError> {
        if known.is_none() {
            registry::insert(change, &table)?;
        }
        audit::record(change, &actor, Action::TableUpload, &resource, details)
    });
    written.await?;
    Ok((id, status))
}

fn no_file() -> ApiError {
    let detail = json!([{"type": "missing", "loc": ["body", "file"], "msg": "Field required", "input": null}]);
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

fn broken(error: MultipartError) -> ApiError {
    ApiError::bad_request(format!("The upload broke off or is no multipart form: {}", error.body_text()))
}

fn full(error: impl ToString) -> ApiError {
    ApiError::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
}

fn unwritable(error: std::io::Error) -> ApiError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => {
            full("the disk is full, so nothing was changed; free some space and try again")
        }
        _ => ApiError::internal(error),
    }
}
