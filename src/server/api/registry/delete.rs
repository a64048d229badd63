use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::registry;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};

/// Unregisters a table: its grants, sync state, file and view go with it.
#[utoipa::path(delete, path = "/api/admin/registry/{id}", tag = "registry",
    params(("id" = String, Path, description = "Registry id")), responses((status = 204), (status = 404)))]
pub async fn unregister_table(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    registry::unregister_table(&app.store, &app.runner, &admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
