//! What analysts send of their own: transcripts of sessions with their agents, artifacts, and local notes.

use axum::extract::multipart::MultipartRejection;
use axum::http::HeaderMap;

use crate::access::Principal;
use crate::domain::own_files::{self, Kind, MAX_FILE_BYTES, MAX_NOTES_BYTES};
use crate::protocol::own_files::{FileForm, LocalNotes, NotesStored, UploadedFile};
use crate::server::http::extractors::{Json, LongForm, Reply, missing_file};
use crate::server::http::uploads::{check_room, drain, receive};
use crate::server::{ApiError, ApiResult, AppState};

type Form = Result<LongForm, MultipartRejection>;

/// Stores a transcript in place of the caller's transcript of that name. The answer has the name under which it is stored.
#[utoipa::path(post, path = "/api/upload/sessions", tag = "upload",
    request_body(content_type = "multipart/form-data", content = FileForm),
    responses((status = 200, body = UploadedFile), (status = 409, description = "The caller has no room for more files"),
        (status = 413), (status = 422), (status = 429), (status = 507)))]
pub async fn upload_session(app: AppState, caller: Principal, headers: HeaderMap, form: Form) -> Reply<UploadedFile> {
    store(&app, &caller, Kind::Session, &headers, form).await
}

/// Stores a file in place of the caller's artifact of that name. The answer has the name under which it is stored.
#[utoipa::path(post, path = "/api/upload/artifacts", tag = "upload",
    request_body(content_type = "multipart/form-data", content = FileForm),
    responses((status = 200, body = UploadedFile), (status = 409, description = "The caller has no room for more files"),
        (status = 413), (status = 422), (status = 429), (status = 507)))]
pub async fn upload_artifact(app: AppState, caller: Principal, headers: HeaderMap, form: Form) -> Reply<UploadedFile> {
    store(&app, &caller, Kind::Artifact, &headers, form).await
}

async fn store(app: &AppState, caller: &Principal, kind: Kind, headers: &HeaderMap, form: Form) -> Reply<UploadedFile> {
    let mut form = form.map_err(|_| missing_file())?;
    let _turn = app.people.uploads.take(&caller.user().id)?;
    let outcome = accept(app, caller, kind, headers, &mut form).await;
    if outcome.is_err() {
        drain(&mut form).await;
    }
    outcome.map(Json)
}

async fn accept(
    app: &AppState,
    caller: &Principal,
    kind: Kind,
    headers: &HeaderMap,
    form: &mut LongForm,
) -> ApiResult<UploadedFile> {
    check_room(app, headers)?;
    let mut received = None;
    while let Some(part) = form.next_part().await? {
        if part.name() == Some("file") && received.is_none() {
            let name = part.file_name().ok_or_else(missing_file)?;
            let incoming = own_files::begin(&app.config.data_dir, caller, kind, name)?;
            receive(part, incoming.file(), MAX_FILE_BYTES, "50MB").await?;
            received = Some(incoming);
        }
    }
    let incoming = received.ok_or_else(missing_file)?;
    Ok(own_files::store_file(&app.store, caller, app.config.own_files, incoming).await?)
}

/// Stores the caller's local notes (`.claude/CLAUDE.local.md`) in place of earlier ones.
#[utoipa::path(post, path = "/api/upload/local-md", tag = "upload",
    responses((status = 200, body = NotesStored), (status = 413)))]
pub async fn upload_local_notes(app: AppState, caller: Principal, Json(notes): Json<LocalNotes>) -> Reply<NotesStored> {
    if notes.content.len() > MAX_NOTES_BYTES {
        return Err(ApiError::too_large("Notes too large (max 1MB)"));
    }
    Ok(Json(own_files::store_notes(&app.store, &app.config.data_dir, &caller, notes.content).await?))
}
