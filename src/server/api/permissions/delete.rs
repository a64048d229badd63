use axum::extract::State;

use crate::access::Admin;
use crate::domain::grants::{self, Recipient};
use crate::protocol::access::{PermissionRequest, Revoked};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Withdraws a permission.
#[utoipa::path(delete, path = "/api/permissions/{id}", tag = "access",
    params(("id" = String, Path, description = "Permission id")),
    responses((status = 200, body = Revoked), (status = 404)))]
pub async fn revoke_permission(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Json<Revoked>, ApiError> {
    grants::revoke_table_grant(&app.store, &admin, &id).await?;
    Ok(Json(Revoked { status: "revoked".into() }))
}

/// Withdraws a permission, by table and recipient.
#[utoipa::path(delete, path = "/api/permissions", tag = "access", request_body = PermissionRequest,
    responses((status = 200, body = Revoked), (status = 400), (status = 404)))]
pub async fn revoke_table_permission(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<PermissionRequest>,
) -> Result<Json<Revoked>, ApiError> {
    let recipient = Recipient::new(body.group_id, body.user_id)?;
    grants::revoke_table(&app.store, &admin, recipient, &body.dataset).await?;
    Ok(Json(Revoked { status: "revoked".into() }))
}
