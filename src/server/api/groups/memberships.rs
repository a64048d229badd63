//! The same memberships as in [`super::members`], seen from the user.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::access::Admin;
use crate::base::time;
use crate::config::GoogleGroups;
use crate::domain::groups::view;
use crate::protocol::access::{AddMembership, Membership as Body};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::groups::Group;
use crate::store::members::Membership;
use crate::store::{StoreError, audit, members};

/// The groups of a user, system groups first, then by name.
#[utoipa::path(get, path = "/api/admin/users/{id}/memberships", tag = "access",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = Vec<Body>), (status = 404)))]
pub async fn list(State(app): State<AppState>, _: Admin, Path(id): Path<String>) -> Result<Json<Vec<Body>>, ApiError> {
    let snapshot = app.store.snapshot();
    snapshot.users.get(&id).ok_or_else(|| ApiError::not_found("User not found"))?;
    let mut list: Vec<Body> = snapshot
        .members
        .of_user(&id)
        .iter()
        .filter_map(|member| Some(body(&app.config.google_groups, member, snapshot.groups.get(&member.group_id)?)))
        .collect();
    list.sort_by(|a, b| b.is_system.cmp(&a.is_system).then_with(|| a.group_name.cmp(&b.group_name)));
    Ok(Json(list))
}

fn body(google: &GoogleGroups, member: &Membership, group: &Group) -> Body {
    Body {
        group_id: group.id.clone(),
        group_name: group.name.clone(),
        is_system: group.is_system,
        origin: group.origin(google).into(),
        source: member.source.clone(),
        added_at: member.added_at.map(time::spaced),
        added_by: member.added_by.clone(),
    }
}

/// Adds a user to a group.
#[utoipa::path(post, path = "/api/admin/users/{id}/memberships", tag = "access", request_body = AddMembership,
    params(("id" = String, Path, description = "User id")),
    responses((status = 201, body = Body), (status = 404), (status = 409, description = "Already a member")))]
pub async fn add(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(wanted): Json<AddMembership>,
) -> Result<(StatusCode, Json<Body>), ApiError> {
    let snapshot = app.store.snapshot();
    snapshot.users.get(&id).ok_or_else(|| ApiError::not_found("User not found"))?;
    let name = view::editable(&app.config.google_groups, &snapshot, &wanted.group_id)?.name.clone();
    let (user_id, group_id) = (id.clone(), wanted.group_id.clone());
    app.store
        .write(move |change| -> Result<_, StoreError> {
            if members::contains(change, &id, &wanted.group_id)? {
                return Err(StoreError::Conflict("Already a member".into()));
            }
            members::insert(change, &id, &wanted.group_id, members::SOURCE_ADMIN, &admin.user().email)?;
            let details = json!({ "group_id": wanted.group_id, "group_name": name });
            audit::record(change, &admin.actor(), Action::UserGroupMemberAdded, &format!("user:{id}"), details)
        })
        .await?;
    let snapshot = app.store.snapshot();
    let member = snapshot.members.of_user(&user_id).iter().find(|member| member.group_id == group_id);
    let group = snapshot.groups.get(&group_id);
    let (member, group) = member.zip(group).ok_or_else(|| ApiError::not_found("Group not found"))?;
    Ok((StatusCode::CREATED, Json(body(&app.config.google_groups, member, group))))
}

/// Takes a user out of a group.
#[utoipa::path(delete, path = "/api/admin/users/{id}/memberships/{group_id}", tag = "access",
    params(("id" = String, Path, description = "User id"), ("group_id" = String, Path, description = "Group id")),
    responses((status = 204), (status = 404), (status = 409, description = "The last admin")))]
pub async fn remove(
    State(app): State<AppState>,
    admin: Admin,
    Path((id, group_id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let name = view::editable(&app.config.google_groups, &app.store.snapshot(), &group_id)?.name.clone();
    app.store
        .write(move |change| -> Result<_, StoreError> {
            members::remove(change, &id, &group_id)?;
            let details = json!({ "group_id": group_id, "group_name": name });
            audit::record(change, &admin.actor(), Action::UserGroupMemberRemoved, &format!("user:{id}"), details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
