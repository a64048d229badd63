use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::accounts::{self, view};
use crate::protocol::users::{UpdateUser, User};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Lists all users, by address.
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = Vec<User>)))]
pub async fn list_users(State(app): State<AppState>, _: Admin) -> Json<Vec<User>> {
    Json(view::users(&app.config.google_groups, &app.store.snapshot()))
}

/// Returns one user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, description = "User id")), responses((status = 200, body = User), (status = 404)))]
pub async fn get_user(State(app): State<AppState>, _: Admin, Path(id): Path<String>) -> Result<Json<User>, ApiError> {
    Ok(Json(view::user(&app.config.google_groups, &app.store.snapshot(), &id)?))
}

/// Renames, deactivates or activates a user.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "users", request_body = UpdateUser,
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = User), (status = 404), (status = 409, description = "Yourself or the last admin")))]
pub async fn update_user(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateUser>,
) -> Result<Json<User>, ApiError> {
    update(&app, &admin, &id, &body).await
}

/// Activates a user.
#[utoipa::path(post, path = "/api/users/{id}/activate", tag = "users",
    params(("id" = String, Path, description = "User id")), responses((status = 200, body = User), (status = 404)))]
pub async fn activate_user(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Json<User>, ApiError> {
    update(&app, &admin, &id, &UpdateUser { active: Some(true), name: None }).await
}

/// Deactivates a user, which ends all sessions and personal tokens.
#[utoipa::path(post, path = "/api/users/{id}/deactivate", tag = "users",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = User), (status = 404), (status = 409, description = "Yourself or the last admin")))]
pub async fn deactivate_user(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Json<User>, ApiError> {
    update(&app, &admin, &id, &UpdateUser { active: Some(false), name: None }).await
}

async fn update(app: &AppState, admin: &Admin, id: &str, body: &UpdateUser) -> Result<Json<User>, ApiError> {
    accounts::update_user(&app.store, admin, id, body.name.as_deref(), body.active).await?;
    Ok(Json(view::user(&app.config.google_groups, &app.store.snapshot(), id)?))
}

/// Removes a user with everything personal.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, description = "User id")),
    responses((status = 204), (status = 404), (status = 409, description = "Yourself, the last admin, or managed elsewhere")))]
pub async fn delete_user(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    accounts::delete_user(&app.store, &admin, &app.config.google_groups, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
