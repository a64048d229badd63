//! Grants on tables, one item for each dataset: the same rows as `/api/admin/grants`.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::domain::grants::{self, Recipient, view};
use crate::protocol::access::{Permission, PermissionRequest, Permissions, Revoked};
use crate::server::http::extractors::{Created, Json, Path, Query, Reply};
use crate::server::{ApiError, ApiResult, AppState};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PermissionQuery {
    /// Only what is granted to this user's personal group.
    pub user_id: Option<String>,
    pub group_id: Option<String>,
    pub dataset: Option<String>,
}

/// Lists permissions, by group name and dataset.
#[utoipa::path(get, path = "/api/permissions", tag = "access", params(PermissionQuery),
    responses((status = 200, body = Permissions)))]
pub async fn list_permissions(app: AppState, _: Admin, Query(query): Query<PermissionQuery>) -> Json<Permissions> {
    let PermissionQuery { user_id, group_id, dataset } = &query;
    let snapshot = app.store.snapshot();
    Json(view::permissions(&snapshot, group_id.as_deref(), dataset.as_deref(), user_id.as_deref()))
}

/// Lists everything that a user may read through any group.
#[utoipa::path(get, path = "/api/permissions/{id}", tag = "access", params(("id", description = "User id")),
    responses((status = 200, body = Permissions), (status = 404)))]
pub async fn list_user_permissions(app: AppState, _: Admin, Path(id): Path<String>) -> Reply<Permissions> {
    Ok(Json(view::permissions_of_user(&app.store.snapshot(), &id)?))
}

/// Grants a table to a group, or to one user through their personal group.
#[utoipa::path(post, path = "/api/permissions", tag = "access",
    responses((status = 201, body = Permission), (status = 400), (status = 404),
        (status = 409, description = "Already granted")))]
pub async fn grant_table_permission(
    app: AppState,
    admin: Admin,
    Json(body): Json<PermissionRequest>,
) -> ApiResult<Created<Permission>> {
    let recipient = Recipient::new(body.group_id, body.user_id)?;
    if body.access != "read" {
        return Err(ApiError::bad_request("access must be 'read'"));
    }
    let id = grants::grant_table(&app.store, &admin, recipient, &body.dataset).await?;
    Ok(Created(view::permission(&app.store.snapshot(), &id)?))
}

/// Withdraws a permission.
#[utoipa::path(delete, path = "/api/permissions/{id}", tag = "access", params(("id", description = "Permission id")),
    responses((status = 200, body = Revoked), (status = 404)))]
pub async fn revoke_permission(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<Revoked> {
    grants::revoke_table_grant(&app.store, &admin, &id).await?;
    Ok(Json(Revoked { status: "revoked".into() }))
}

/// Withdraws a permission, by table and recipient.
#[utoipa::path(delete, path = "/api/permissions", tag = "access",
    responses((status = 200, body = Revoked), (status = 400), (status = 404)))]
pub async fn revoke_table_permission(
    app: AppState,
    admin: Admin,
    Json(body): Json<PermissionRequest>,
) -> Reply<Revoked> {
    let recipient = Recipient::new(body.group_id, body.user_id)?;
    grants::revoke_table(&app.store, &admin, recipient, &body.dataset).await?;
    Ok(Json(Revoked { status: "revoked".into() }))
}
