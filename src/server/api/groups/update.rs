use axum::extract::State;

use crate::access::Admin;
use crate::domain::groups::{self, view};
use crate::protocol::access::{Group, UpdateGroup};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Changes the name and description of a group.
#[utoipa::path(patch, path = "/api/admin/groups/{id}", tag = "access", request_body = UpdateGroup,
    params(("id" = String, Path, description = "Group id")),
    responses((status = 200, body = Group), (status = 404), (status = 409, description = "A system group, or the name is taken")))]
pub async fn update_group(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateGroup>,
) -> Result<Json<Group>, ApiError> {
    let google = &app.config.google_groups;
    groups::update_group(&app.store, &admin, google, &id, body.name, body.description).await?;
    Ok(Json(view::group(google, &app.store.snapshot(), &id)?))
}
