use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::groups;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};

/// Removes a group with its members and grants.
#[utoipa::path(delete, path = "/api/admin/groups/{id}", tag = "access",
    params(("id" = String, Path, description = "Group id")),
    responses((status = 204), (status = 404), (status = 409, description = "A system group")))]
pub async fn delete_group(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    groups::delete_group(&app.store, &admin, &app.config.google_groups, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
