//! Sessions, listed and ended by their owners and by admins.

use axum::http::StatusCode;

use crate::access::{Admin, Interactive};
use crate::domain::sessions;
use crate::protocol::sessions::{EndedSessions, Session};
use crate::server::http::extractors::{Json, Path, Reply};
use crate::server::{ApiResult, AppState};

/// The caller's sessions, the last used first.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth",
    responses((status = 200, body = Vec<Session>), (status = 403, description = "The caller used a token")))]
pub async fn list_sessions(app: AppState, caller: Interactive) -> Json<Vec<Session>> {
    Json(sessions::own_sessions(&app.store.snapshot(), app.authenticator.sessions(), &caller))
}

/// Ends the caller's other sessions.
#[utoipa::path(delete, path = "/auth/sessions", tag = "auth",
    responses((status = 200, body = EndedSessions), (status = 403, description = "The caller used a token")))]
pub async fn end_other_sessions(app: AppState, caller: Interactive) -> Reply<EndedSessions> {
    Ok(Json(sessions::end_other_sessions(&app.store, &caller).await?))
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", params(("id", description = "Session id")),
    responses((status = 204), (status = 403, description = "The caller used a token"), (status = 404)))]
pub async fn end_session(app: AppState, caller: Interactive, Path(id): Path<String>) -> ApiResult<StatusCode> {
    sessions::end_own_session(&app.store, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sessions of a user, the last used first.
#[utoipa::path(get, path = "/api/users/{id}/sessions", tag = "users", params(("id", description = "User id")),
    responses((status = 200, body = Vec<Session>), (status = 404)))]
pub async fn list_user_sessions(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<Vec<Session>> {
    let (snapshot, uses) = (app.store.snapshot(), app.authenticator.sessions());
    Ok(Json(sessions::sessions_of(&snapshot, uses, &admin, &id)?))
}

/// Ends all sessions of a user.
#[utoipa::path(delete, path = "/api/users/{id}/sessions", tag = "users", params(("id", description = "User id")),
    responses((status = 200, body = EndedSessions), (status = 404)))]
pub async fn end_user_sessions(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<EndedSessions> {
    Ok(Json(sessions::end_sessions_of(&app.store, &admin, &id).await?))
}

/// Ends a session of a user.
#[utoipa::path(delete, path = "/api/users/{id}/sessions/{session_id}", tag = "users",
    params(("id", description = "User id"), ("session_id", description = "Session id")),
    responses((status = 204), (status = 404)))]
pub async fn end_user_session(
    app: AppState,
    admin: Admin,
    Path((id, session_id)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    sessions::end_session_of(&app.store, &admin, &id, session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
