use axum::extract::State;

use super::update;
use crate::access::Admin;
use crate::protocol::users::User;
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Lets a user in again.
#[utoipa::path(post, path = "/api/users/{id}/activate", tag = "users",
    params(("id" = String, Path, description = "User id")), responses((status = 200, body = User), (status = 404)))]
pub async fn activate(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Json<User>, ApiError> {
    update::change(&app, admin, &id, None, Some(true)).await.map(Json)
}

/// Shuts a user out: sessions and personal tokens end at once.
#[utoipa::path(post, path = "/api/users/{id}/deactivate", tag = "users",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = User), (status = 404), (status = 409, description = "Yourself or the last admin")))]
pub async fn deactivate(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Json<User>, ApiError> {
    update::change(&app, admin, &id, None, Some(false)).await.map(Json)
}
