use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::access::Admin;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, registry};

/// Unregisters a table: its grants, sync state, file and view go with it.
#[utoipa::path(delete, path = "/api/admin/registry/{id}", tag = "registry",
    params(("id" = String, Path, description = "Registry id")), responses((status = 204), (status = 404)))]
pub async fn delete(State(app): State<AppState>, admin: Admin, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let table = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let table = registry::delete(change, &id)?;
            let details = json!({
                "name": table.name,
                "source_type": table.source_type,
                "bucket": table.bucket,
                "source_table": table.source_table,
            });
            audit::record(change, &admin.actor(), Action::TableUnregister, &id, details)?;
            Ok(table)
        })
        .await?;
    app.runner.retire(&table).await.map_err(ApiError::internal)?;
    Ok(StatusCode::NO_CONTENT)
}
