//! Groups and their members. A membership is a member, seen from the user.

use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::groups::{self, About, view};
use crate::protocol::access::{AddMember, AddMembership, CreateGroup, Group, Member, Membership, UpdateGroup};
use crate::server::http::extractors::{Created, Json, Path, Reply};
use crate::server::{ApiResult, AppState};

/// Lists all groups, by name.
#[utoipa::path(get, path = "/api/admin/groups", tag = "access", responses((status = 200, body = Vec<Group>)))]
pub async fn list_groups(app: AppState, _: Admin) -> Json<Vec<Group>> {
    Json(view::groups(&app.store.snapshot()))
}

/// Returns one group.
#[utoipa::path(get, path = "/api/admin/groups/{id}", tag = "access", params(("id", description = "Group id")),
    responses((status = 200, body = Group), (status = 404)))]
pub async fn get_group(app: AppState, _: Admin, Path(id): Path<String>) -> Reply<Group> {
    Ok(Json(view::group(&app.store.snapshot(), &id)?))
}

/// Adds a group.
#[utoipa::path(post, path = "/api/admin/groups", tag = "access",
    responses((status = 201, body = Group), (status = 409, description = "The name is taken")))]
pub async fn create_group(app: AppState, admin: Admin, Json(body): Json<CreateGroup>) -> ApiResult<Created<Group>> {
    let id = groups::create_group(&app.store, &admin, &body.name, body.description).await?;
    let group = view::group(&app.store.snapshot(), &id)?;
    Ok(Created(group))
}

/// Changes the name and description of a group.
#[utoipa::path(patch, path = "/api/admin/groups/{id}", tag = "access", params(("id", description = "Group id")),
    responses((status = 200, body = Group), (status = 404),
        (status = 409, description = "A system group, or the name is taken")))]
pub async fn update_group(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateGroup>,
) -> Reply<Group> {
    groups::update_group(&app.store, &admin, &id, body.name, body.description).await?;
    Ok(Json(view::group(&app.store.snapshot(), &id)?))
}

/// Removes a group with its members and grants.
#[utoipa::path(delete, path = "/api/admin/groups/{id}", tag = "access", params(("id", description = "Group id")),
    responses((status = 204), (status = 404), (status = 409, description = "A system group")))]
pub async fn delete_group(app: AppState, admin: Admin, Path(id): Path<String>) -> ApiResult<StatusCode> {
    groups::delete_group(&app.store, &admin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the members of a group, by address.
#[utoipa::path(get, path = "/api/admin/groups/{id}/members", tag = "access", params(("id", description = "Group id")),
    responses((status = 200, body = Vec<Member>), (status = 404)))]
pub async fn list_group_members(app: AppState, _: Admin, Path(id): Path<String>) -> Reply<Vec<Member>> {
    Ok(Json(view::members(&app.store.snapshot(), &id)?))
}

/// Adds a user to a group.
#[utoipa::path(post, path = "/api/admin/groups/{id}/members", tag = "access", params(("id", description = "Group id")),
    responses((status = 201, body = Member), (status = 404), (status = 409, description = "Already a member")))]
pub async fn add_group_member(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<AddMember>,
) -> ApiResult<Created<Member>> {
    let user_id = groups::add_member(&app.store, &admin, &id, &body.email).await?;
    Ok(Created(view::member(&app.store.snapshot(), &id, &user_id)?))
}

/// Removes a user from a group.
#[utoipa::path(delete, path = "/api/admin/groups/{id}/members/{user_id}", tag = "access",
    params(("id", description = "Group id"), ("user_id", description = "User id")),
    responses((status = 204), (status = 404), (status = 409, description = "The last admin")))]
pub async fn remove_group_member(
    app: AppState,
    admin: Admin,
    Path((id, user_id)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    groups::remove_member(&app.store, &admin, &id, &user_id, About::Group).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the groups of a user, system groups first, then by name.
#[utoipa::path(get, path = "/api/admin/users/{id}/memberships", tag = "access", params(("id", description = "User id")),
    responses((status = 200, body = Vec<Membership>), (status = 404)))]
pub async fn list_user_memberships(app: AppState, _: Admin, Path(id): Path<String>) -> Reply<Vec<Membership>> {
    Ok(Json(view::memberships(&app.store.snapshot(), &id)?))
}

/// Adds a user to a group.
#[utoipa::path(post, path = "/api/admin/users/{id}/memberships", tag = "access",
    params(("id", description = "User id")),
    responses((status = 201, body = Membership), (status = 404), (status = 409, description = "Already a member")))]
pub async fn add_user_membership(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<AddMembership>,
) -> ApiResult<Created<Membership>> {
    groups::add_membership(&app.store, &admin, &id, &body.group_id).await?;
    Ok(Created(view::membership(&app.store.snapshot(), &id, &body.group_id)?))
}

/// Removes a user from a group.
#[utoipa::path(delete, path = "/api/admin/users/{id}/memberships/{group_id}", tag = "access",
    params(("id", description = "User id"), ("group_id", description = "Group id")),
    responses((status = 204), (status = 404), (status = 409, description = "The last admin")))]
pub async fn remove_user_membership(
    app: AppState,
    admin: Admin,
    Path((id, group_id)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    groups::remove_member(&app.store, &admin, &group_id, &id, About::User).await?;
    Ok(StatusCode::NO_CONTENT)
}
