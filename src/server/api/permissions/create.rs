use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::list;
use crate::access::Admin;
use crate::protocol::access::{Permission, PermissionRequest};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Actor};
use crate::store::groups::personal;
use crate::store::{Change, StoreError, audit, grants, registry};

/// Grants a table to a group, or to one person through a group of their own.
#[utoipa::path(post, path = "/api/permissions", tag = "access", request_body = PermissionRequest,
    responses((status = 201, body = Permission), (status = 400), (status = 404), (status = 409, description = "Already granted")))]
pub async fn create(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<PermissionRequest>,
) -> Result<(StatusCode, Json<Permission>), ApiError> {
    let receiver = Receiver::new(body.group_id, body.user_id)?;
    if body.access != "read" {
        return Err(ApiError::bad_request("access must be 'read'"));
    }
    let dataset = body.dataset;
    let id = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            registry::get(change, &dataset)?;
            let (actor, by) = (admin.actor(), &admin.user().email);
            let group_id = match receiver {
                Receiver::Group(id) => id,
                Receiver::User(id) => personal_group(change, &actor, &id, by)?,
            };
            grant(change, &actor, &group_id, &dataset, by)
        })
        .await?;
    let snapshot = app.store.snapshot();
    let grant = snapshot.grants.get(&id).ok_or_else(|| ApiError::not_found("Permission not found"))?;
    Ok((StatusCode::CREATED, Json(list::body(&snapshot, grant))))
}

/// Who is to read a table.
pub(super) enum Receiver {
    Group(String),
    User(String),
}

impl Receiver {
    pub(super) fn new(group_id: Option<String>, user_id: Option<String>) -> Result<Self, ApiError> {
        match (group_id, user_id) {
            (Some(id), None) => Ok(Self::Group(id)),
            (None, Some(id)) => Ok(Self::User(id)),
            _ => Err(ApiError::bad_request("Give exactly one of group_id and user_id")),
        }
    }
}

/// The id of somebody's personal group, which is made where it is missing.
pub(in crate::server::api) fn personal_group(
    change: &Change<'_>,
    actor: &Actor,
    user_id: &str,
    by: &str,
) -> Result<String, StoreError> {
    let (id, is_new) = personal::ensure(change, user_id, by)?;
    if is_new {
        let details = json!({ "name": format!("{}{user_id}", personal::PREFIX) });
        audit::record(change, actor, Action::UserGroupCreated, &format!("group:{id}"), details)?;
    }
    Ok(id)
}

/// Grants a table and returns the grant's id.
pub(in crate::server::api) fn grant(
    change: &Change<'_>,
    actor: &Actor,
    group_id: &str,
    table_id: &str,
    by: &str,
) -> Result<String, StoreError> {
    let id = grants::insert(change, group_id, grants::TABLE, table_id, by)?;
    let details = json!({ "group_id": group_id, "resource_type": grants::TABLE, "resource_id": table_id });
    audit::record(change, actor, Action::ResourceGrantCreated, &format!("grant:{id}"), details)?;
    Ok(id)
}
