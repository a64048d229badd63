use axum::extract::State;

use super::view;
use crate::access::Admin;
use crate::protocol::users::User;
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// All users, by address.
#[utoipa::path(get, path = "/api/users", tag = "users", responses((status = 200, body = Vec<User>)))]
pub async fn list(State(app): State<AppState>, _: Admin) -> Json<Vec<User>> {
    let snapshot = app.store.snapshot();
    Json(snapshot.users.all().into_iter().map(|user| view::user(&app.config.google_groups, &snapshot, user)).collect())
}

/// One user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, description = "User id")), responses((status = 200, body = User), (status = 404)))]
pub async fn get(State(app): State<AppState>, _: Admin, Path(id): Path<String>) -> Result<Json<User>, ApiError> {
    view::current(&app, &id).map(Json)
}
