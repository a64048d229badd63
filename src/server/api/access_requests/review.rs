use axum::extract::State;
use serde_json::json;

use super::list;
use crate::access::Admin;
use crate::domain::groups::view;
use crate::domain::rules;
use crate::protocol::access::{AccessRequest, Review};
use crate::server::api::permissions::create::{grant, personal_group};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::access_requests::{APPROVED, DENIED, decide};
use crate::store::audit::{Action, Actor};
use crate::store::{ADMIN_GROUP, Change, StoreError, audit, grants, members};

/// Grants what was asked for: to a group, whose member the asker becomes, or to the asker alone.
#[utoipa::path(post, path = "/api/access-requests/{id}/approve", tag = "access", request_body = Option<Review>,
    params(("id" = String, Path, description = "Request id")),
    responses((status = 200, body = AccessRequest), (status = 404), (status = 409, description = "Decided already")))]
pub async fn approve(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    body: Option<Json<Review>>,
) -> Result<Json<AccessRequest>, ApiError> {
    let Review { group_id, note } = read(body)?;
    let state = app.clone();
    let (request, grant_id) = app
        .store
        .write(move |change| -> Result<_, ApiError> {
            let (actor, by) = (admin.actor(), admin.user().email.as_str());
            let request = decide(change, &id, APPROVED, by, note.as_deref())?;
            let group_id = match group_id {
                Some(group_id) => {
                    join(&state, change, &actor, &request.user_id, &group_id, by)?;
                    group_id
                }
                None => personal_group(change, &actor, &request.user_id, by)?,
            };
            // People ask by name; grants go by id.
            let snapshot = state.store.snapshot();
            let known =
                snapshot.registry.get(&request.table_id).or_else(|| snapshot.registry.by_name(&request.table_id));
            let table = known.map_or(&request.table_id, |row| &row.id);
            let grant_id = match grants::id_of_table(change, &group_id, table)? {
                Some(id) => id,
                None => grant(change, &actor, &group_id, table, by)?,
            };
            let details = json!({ "table_id": table, "group_id": group_id, "grant_id": grant_id });
            audit::record(change, &actor, Action::AccessRequestApproved, &format!("access_request:{id}"), details)?;
            Ok((request, grant_id))
        })
        .await?;
    Ok(Json(list::body(request, Some(grant_id))))
}

/// Puts the asker into the group, unless already in it.
fn join(
    app: &AppState,
    change: &Change<'_>,
    actor: &Actor,
    user_id: &str,
    group_id: &str,
    by: &str,
) -> Result<(), ApiError> {
    // Nothing else changes meanwhile, so this is the state within the transaction.
    let snapshot = app.store.snapshot();
    let group = snapshot.groups.get(group_id).ok_or_else(|| ApiError::not_found("Group not found"))?;
    if members::contains(change, user_id, group_id)? {
        return Ok(());
    }
    if group.name == ADMIN_GROUP {
        let text = "Approving for the Admin group would make an admin of who asked; choose another group";
        return Err(ApiError::conflict(text));
    }
    view::editable(&app.config.google_groups, &snapshot, group_id)?;
    members::insert(change, user_id, group_id, members::SOURCE_ADMIN, by)?;
    let details = json!({ "group_id": group_id, "group_name": group.name });
    Ok(audit::record(change, actor, Action::UserGroupMemberAdded, &format!("user:{user_id}"), details)?)
}

/// Refuses what was asked for.
#[utoipa::path(post, path = "/api/access-requests/{id}/deny", tag = "access", request_body = Option<Review>,
    params(("id" = String, Path, description = "Request id")),
    responses((status = 200, body = AccessRequest), (status = 404), (status = 409, description = "Decided already")))]
pub async fn deny(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    body: Option<Json<Review>>,
) -> Result<Json<AccessRequest>, ApiError> {
    let Review { note, .. } = read(body)?;
    let request = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let request = decide(change, &id, DENIED, &admin.user().email, note.as_deref())?;
            let (resource, details) = (format!("access_request:{id}"), json!({ "table_id": request.table_id }));
            audit::record(change, &admin.actor(), Action::AccessRequestDenied, &resource, details)?;
            Ok(request)
        })
        .await?;
    Ok(Json(list::body(request, None)))
}

fn read(body: Option<Json<Review>>) -> Result<Review, ApiError> {
    let review = body.map(|Json(review)| review).unwrap_or_default();
    rules::limit("note", review.note.as_deref().unwrap_or_default(), 2000)?;
    Ok(review)
}
