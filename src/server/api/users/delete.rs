use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::accounts;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};

/// Removes a user with everything personal.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, description = "User id")),
    responses((status = 204), (status = 404), (status = 409, description = "Yourself, the last admin, or managed elsewhere")))]
pub async fn delete_user(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    accounts::delete_user(&app.store, &admin, &app.config.google_groups, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
