use axum::extract::State;

use crate::access::Admin;
use crate::domain::discovery;
use crate::protocol::discovery::DiscoveredAndRegistered;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Registers every table of the main data source that is not registered yet. Nobody but admins may read them until they
/// are granted.
#[utoipa::path(post, path = "/api/admin/discover-and-register", tag = "registry",
    responses((status = 200, body = DiscoveredAndRegistered), (status = 500)))]
pub async fn register_discovered_tables(
    State(app): State<AppState>,
    admin: Admin,
) -> Result<Json<DiscoveredAndRegistered>, ApiError> {
    Ok(Json(discovery::register_discovered_tables(&app.store, &app.config.sources, &admin).await?))
}
