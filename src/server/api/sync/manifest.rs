use axum::extract::State;

use crate::access::{Principal, readable_tables};
use crate::protocol::sync::Manifest;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::sync::manifest;

/// Returns what the caller may download.
#[utoipa::path(get, path = "/api/sync/manifest", tag = "sync", responses((status = 200, body = Manifest)))]
pub async fn get_manifest(State(app): State<AppState>, caller: Principal) -> Result<Json<Manifest>, ApiError> {
    let tables = readable_tables(&app.store.snapshot(), &app.orchestrator.publication(), &caller);
    let manifest = tokio::task::spawn_blocking(move || manifest::manifest(&tables, &app.assets, &app.config.data_dir));
    manifest.await.map(Json).map_err(ApiError::internal)
}
