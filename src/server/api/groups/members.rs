use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::access::Admin;
use crate::base::{ident, time};
use crate::domain::groups::view;
use crate::protocol::access::{AddMember, Member};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::members::Membership;
use crate::store::users::User;
use crate::store::{StoreError, audit, members};

/// The members of a group, by address.
#[utoipa::path(get, path = "/api/admin/groups/{id}/members", tag = "access",
    params(("id" = String, Path, description = "Group id")),
    responses((status = 200, body = Vec<Member>), (status = 404)))]
pub async fn list(
    State(app): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<Vec<Member>>, ApiError> {
    let snapshot = app.store.snapshot();
    snapshot.groups.get(&id).ok_or_else(|| ApiError::not_found("Group not found"))?;
    let mut list: Vec<Member> = snapshot
        .members
        .of_group(&id)
        .iter()
        .filter_map(|member| Some(body(member, snapshot.users.get(&member.user_id)?)))
        .collect();
    list.sort_by(|a, b| a.email.cmp(&b.email));
    Ok(Json(list))
}

fn body(member: &Membership, user: &User) -> Member {
    Member {
        user_id: user.id.clone(),
        email: user.email.clone(),
        name: user.name.clone(),
        active: user.active,
        source: member.source.clone(),
        added_at: member.added_at.map(time::spaced),
        added_by: member.added_by.clone(),
    }
}

/// Adds a user to a group.
#[utoipa::path(post, path = "/api/admin/groups/{id}/members", tag = "access", request_body = AddMember,
    params(("id" = String, Path, description = "Group id")),
    responses((status = 201, body = Member), (status = 404), (status = 409, description = "Already a member")))]
pub async fn add(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(wanted): Json<AddMember>,
) -> Result<(StatusCode, Json<Member>), ApiError> {
    let snapshot = app.store.snapshot();
    view::editable(&app.config.google_groups, &snapshot, &id)?;
    let user = snapshot
        .users
        .by_email(wanted.email.trim())
        .ok_or_else(|| ApiError::not_found(format!("User {} not found", ident::repr(&wanted.email))))?
        .clone();
    let (user_id, group_id) = (user.id.clone(), id.clone());
    app.store
        .write(move |change| -> Result<_, StoreError> {
            members::insert(change, &user.id, &id, members::SOURCE_ADMIN, &admin.user().email)?;
            let (resource, details) = (format!("group:{id}"), json!({ "user_email": user.email }));
            audit::record(change, &admin.actor(), Action::UserGroupMemberAdded, &resource, details)
        })
        .await?;
    let snapshot = app.store.snapshot();
    let member = snapshot.members.of_user(&user_id).iter().find(|member| member.group_id == group_id);
    let user = snapshot.users.get(&user_id);
    let (member, user) = member.zip(user).ok_or_else(|| ApiError::not_found("User not found"))?;
    Ok((StatusCode::CREATED, Json(body(member, user))))
}

/// Takes a user out of a group.
#[utoipa::path(delete, path = "/api/admin/groups/{id}/members/{user_id}", tag = "access",
    params(("id" = String, Path, description = "Group id"), ("user_id" = String, Path, description = "User id")),
    responses((status = 204), (status = 404), (status = 409, description = "The last admin")))]
pub async fn remove(
    State(app): State<AppState>,
    admin: Admin,
    Path((id, user_id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    view::editable(&app.config.google_groups, &app.store.snapshot(), &id)?;
    app.store
        .write(move |change| -> Result<_, StoreError> {
            members::remove(change, &user_id, &id)?;
            let (resource, details) = (format!("group:{id}"), json!({ "user_id": user_id }));
            audit::record(change, &admin.actor(), Action::UserGroupMemberRemoved, &resource, details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
