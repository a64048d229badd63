use axum::extract::State;
use serde_json::json;

use super::create::Receiver;
use crate::access::Admin;
use crate::protocol::access::{PermissionRequest, Revoked};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Actor};
use crate::store::groups::personal;
use crate::store::{Change, StoreError, audit, grants};

/// Withdraws a permission.
#[utoipa::path(delete, path = "/api/permissions/{id}", tag = "access",
    params(("id" = String, Path, description = "Permission id")),
    responses((status = 200, body = Revoked), (status = 404)))]
pub async fn by_id(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Json<Revoked>, ApiError> {
    app.store.write(move |change| revoke(change, &admin.actor(), &id)).await?;
    Ok(Json(Revoked { status: "revoked".into() }))
}

/// Withdraws a permission by table and receiver.
#[utoipa::path(delete, path = "/api/permissions", tag = "access", request_body = PermissionRequest,
    responses((status = 200, body = Revoked), (status = 400), (status = 404)))]
pub async fn by_name(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<PermissionRequest>,
) -> Result<Json<Revoked>, ApiError> {
    let receiver = Receiver::new(body.group_id, body.user_id)?;
    app.store
        .write(move |change| -> Result<_, StoreError> {
            let group = match receiver {
                Receiver::Group(id) => Some(id),
                Receiver::User(id) => personal::find(change, &id)?,
            };
            let grant = match group {
                Some(group) => grants::id_of_table(change, &group, &body.dataset)?,
                None => None,
            };
            revoke(change, &admin.actor(), &grant.ok_or_else(not_found)?)
        })
        .await?;
    Ok(Json(Revoked { status: "revoked".into() }))
}

fn revoke(change: &Change<'_>, actor: &Actor, id: &str) -> Result<(), StoreError> {
    let (group_id, resource_type, resource_id) = grants::delete(change, id).map_err(|error| match error {
        StoreError::NotFound(_) => not_found(),
        other => other,
    })?;
    // The error undoes the deletion.
    if resource_type != grants::TABLE {
        return Err(not_found());
    }
    let details = json!({ "group_id": group_id, "resource_type": resource_type, "resource_id": resource_id });
    audit::record(change, actor, Action::ResourceGrantDeleted, &format!("grant:{id}"), details)
}

fn not_found() -> StoreError {
    StoreError::NotFound("Permission not found".into())
}
