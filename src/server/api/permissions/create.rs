use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::grants::{self, Recipient};
use crate::protocol::access::{Permission, PermissionRequest};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Grants a table to a group, or to one user through their personal group.
#[utoipa::path(post, path = "/api/permissions", tag = "access", request_body = PermissionRequest,
    responses((status = 201, body = Permission), (status = 400), (status = 404), (status = 409, description = "Already granted")))]
pub async fn grant_table_permission(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<PermissionRequest>,
) -> Result<(StatusCode, Json<Permission>), ApiError> {
    let recipient = Recipient::new(body.group_id, body.user_id)?;
    if body.access != "read" {
        return Err(ApiError::bad_request("access must be 'read'"));
    }
    let id = grants::grant_table(&app.store, &admin, recipient, &body.dataset).await?;
    Ok((StatusCode::CREATED, Json(grants::permission(&app.store.snapshot(), &id)?)))
}
