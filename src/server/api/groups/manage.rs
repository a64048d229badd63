use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::groups::{self, view};
use crate::protocol::access::{CreateGroup, Group, UpdateGroup};
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

/// Adds a group.
#[utoipa::path(post, path = "/api/admin/groups", tag = "access", request_body = CreateGroup,
    responses((status = 201, body = Group), (status = 409, description = "The name is taken")))]
pub async fn create_group(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<CreateGroup>,
) -> Result<(StatusCode, Json<Group>), ApiError> {
    let id = groups::create_group(&app.store, &admin, &body.name, body.description).await?;
    let group = view::group(&app.config.google_groups, &app.store.snapshot(), &id)?;
    Ok((StatusCode::CREATED, Json(group)))
}

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

/// Removes a group with its members and grants.
#[utoipa::path(delete, path = "/api/admin/groups/{id}", tag = "access",
    params(("id" = String, Path, description = "Group id")),
    responses((status = 204), (status = 404), (status = 409, description = "A system group")))]
pub async fn delete_group(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    groups::delete_group(&app.store, &admin, &app.config.google_groups, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
