use axum::extract::State;

use crate::access::Admin;
use crate::domain::groups::view;
use crate::protocol::access::Group;
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// All groups, by name.
#[utoipa::path(get, path = "/api/admin/groups", tag = "access", responses((status = 200, body = Vec<Group>)))]
pub async fn list(State(app): State<AppState>, _: Admin) -> Json<Vec<Group>> {
    let snapshot = app.store.snapshot();
    Json(
        snapshot
            .groups
            .all()
            .into_iter()
            .map(|group| view::group(&app.config.google_groups, &snapshot, group))
            .collect(),
    )
}

/// One group.
#[utoipa::path(get, path = "/api/admin/groups/{id}", tag = "access",
    params(("id" = String, Path, description = "Group id")), responses((status = 200, body = Group), (status = 404)))]
pub async fn get(State(app): State<AppState>, _: Admin, Path(id): Path<String>) -> Result<Json<Group>, ApiError> {
    let snapshot = app.store.snapshot();
    let group = snapshot.groups.get(&id).ok_or_else(|| ApiError::not_found("Group not found"))?;
    Ok(Json(view::group(&app.config.google_groups, &snapshot, group)))
}
