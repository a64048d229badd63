use axum::extract::State;

use crate::access::Admin;
use crate::domain::accounts::view;
use crate::protocol::users::User;
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
