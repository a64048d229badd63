use axum::extract::State;

use crate::access::Admin;
use crate::domain::groups::view;
use crate::protocol::access::Group;
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Lists all groups, by name.
#[utoipa::path(get, path = "/api/admin/groups", tag = "access", responses((status = 200, body = Vec<Group>)))]
pub async fn list_groups(State(app): State<AppState>, _: Admin) -> Json<Vec<Group>> {
    Json(view::groups(&app.config.google_groups, &app.store.snapshot()))
}

/// Returns one group.
#[utoipa::path(get, path = "/api/admin/groups/{id}", tag = "access",
    params(("id" = String, Path, description = "Group id")), responses((status = 200, body = Group), (status = 404)))]
pub async fn get_group(State(app): State<AppState>, _: Admin, Path(id): Path<String>) -> Result<Json<Group>, ApiError> {
    Ok(Json(view::group(&app.config.google_groups, &app.store.snapshot(), &id)?))
}
