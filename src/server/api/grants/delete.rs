use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::grants;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};

/// Withdraws a grant. It no longer applies from the next request of each member.
#[utoipa::path(delete, path = "/api/admin/grants/{id}", tag = "access",
    params(("id" = String, Path, description = "Grant id")), responses((status = 204), (status = 404)))]
pub async fn delete_grant(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    grants::revoke_grant(&app.store, &admin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
