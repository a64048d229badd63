use axum::extract::State;
use axum::http::StatusCode;

use crate::access::{Admin, Principal};
use crate::domain::tokens;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};

/// Revokes one of the caller's tokens.
#[utoipa::path(delete, path = "/auth/tokens/{id}", tag = "auth",
    params(("id" = String, Path, description = "Token id")), responses((status = 204), (status = 404)))]
pub async fn revoke_token(
    State(app): State<AppState>,
    caller: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    tokens::revoke_token(&app.store, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a token of any user.
#[utoipa::path(delete, path = "/auth/admin/tokens/{id}", tag = "auth",
    params(("id" = String, Path, description = "Token id")), responses((status = 204), (status = 404)))]
pub async fn revoke_any_token(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    tokens::revoke_any_token(&app.store, &admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
