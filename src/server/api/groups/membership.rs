//! Members of groups, seen from the group and from the user.

use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::groups::{self, view};
use crate::protocol::access::{AddMember, AddMembership, Member, Membership};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Lists the members of a group, by address.
#[utoipa::path(get, path = "/api/admin/groups/{id}/members", tag = "access",
    params(("id" = String, Path, description = "Group id")),
    responses((status = 200, body = Vec<Member>), (status = 404)))]
pub async fn list_group_members(
    State(app): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<Vec<Member>>, ApiError> {
    Ok(Json(view::members(&app.store.snapshot(), &id)?))
}

/// Adds a user to a group.
#[utoipa::path(post, path = "/api/admin/groups/{id}/members", tag = "access", request_body = AddMember,
    params(("id" = String, Path, description = "Group id")),
    responses((status = 201, body = Member), (status = 404), (status = 409, description = "Already a member")))]
pub async fn add_group_member(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<AddMember>,
) -> Result<(StatusCode, Json<Member>), ApiError> {
    let user_id = groups::add_member(&app.store, &admin, &app.config.google_groups, &id, &body.email).await?;
    Ok((StatusCode::CREATED, Json(view::member(&app.store.snapshot(), &id, &user_id)?)))
}

/// Removes a user from a group.
#[utoipa::path(delete, path = "/api/admin/groups/{id}/members/{user_id}", tag = "access",
    params(("id" = String, Path, description = "Group id"), ("user_id" = String, Path, description = "User id")),
    responses((status = 204), (status = 404), (status = 409, description = "The last admin")))]
pub async fn remove_group_member(
    State(app): State<AppState>,
    admin: Admin,
    Path((id, user_id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    groups::remove_member(&app.store, &admin, &app.config.google_groups, &id, &user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

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
