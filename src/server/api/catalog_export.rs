use axum::http::StatusCode;
use serde_json::json;

use crate::access::Admin;
use crate::domain::catalog_export::ExportError;
use crate::protocol::catalog_export::CatalogExported;
use crate::server::http::extractors::{Json, Reply};
use crate::server::{ApiError, AppState};

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> Self {
        let message = error.to_string();
        match error {
            ExportError::NotConfigured => Self::bad_request(message),
            ExportError::Catalog(_) => {
                let hint =
                    "Check openmetadata.url and openmetadata.token, and whether OpenMetadata runs; then try again.";
                let detail = json!({ "kind": "catalog_unavailable", "message": message, "hint": hint });
                Self::new(StatusCode::BAD_GATEWAY, detail)
            }
            ExportError::Other(error) => error.into(),
        }
    }
}

/// Writes the metrics of OpenMetadata and what it says about registered tables into YAML files below `DATA_DIR/docs`, and
/// removes those of earlier exports. If OpenMetadata cannot be read to the end, no file is changed.
#[utoipa::path(post, path = "/api/admin/catalog/export", tag = "registry",
    responses((status = 200, body = CatalogExported), (status = 400, description = "OpenMetadata is not configured"),
        (status = 409, description = "An export is running"), (status = 502, description = "OpenMetadata cannot be read")))]
pub async fn export_catalog(app: AppState, admin: Admin) -> Reply<CatalogExported> {
    // In a task of its own, which goes on when the client disconnects.
    let export =
        tokio::spawn(
            async move { app.exporter.export(&app.store, &app.openmetadata, &app.config.data_dir, &admin).await },
        );
    Ok(Json(export.await.map_err(ApiError::internal)??))
}
