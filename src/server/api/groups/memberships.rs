//! The same memberships as in [`super::members`], seen from the user.

use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::groups::{self, view};
use crate::protocol::access::{AddMembership, Membership};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Lists the groups of a user, system groups first, then by name.
#[utoipa::path(get, path = "/api/admin/users/{id}/memberships", tag = "access",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = Vec<Membership>), (status = 404)))]
pub async fn list_user_memberships(
    State(app): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<Vec<Membership>>, ApiError> {
    Ok(Json(view::memberships(&app.config.google_groups, &app.store.snapshot(), &id)?))
}

/// Adds a user to a group.
#[utoipa::path(post, path = "/api/admin/users/{id}/memberships", tag = "access", request_body = AddMembership,
    params(("id" = String, Path, description = "User id")),
    responses((status = 201, body = Membership), (status = 404), (status = 409, description = "Already a member")))]
pub async fn add_user_membership(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<AddMembership>,
) -> Result<(StatusCode, Json<Membership>), ApiError> {
    let google = &app.config.google_groups;
    groups::add_membership(&app.store, &admin, google, &id, &body.group_id).await?;
    Ok((StatusCode::CREATED, Json(view::membership(google, &app.store.snapshot(), &id, &body.group_id)?)))
}

/// Removes a user from a group.
#[utoipa::path(delete, path = "/api/admin/users/{id}/memberships/{group_id}", tag = "access",
    params(("id" = String, Path, description = "User id"), ("group_id" = String, Path, description = "Group id")),
    responses((status = 204), (status = 404), (status = 409, description = "The last admin")))]
pub async fn remove_user_membership(
    State(app): State<AppState>,
    admin: Admin,
    Path((id, group_id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    groups::remove_membership(&app.store, &admin, &app.config.google_groups, &id, &group_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
