use axum::extract::State;

use crate::access::Admin;
use crate::domain::discovery;
use crate::protocol::discovery::Discovered;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Lists the tables that the main data source offers.
#[utoipa::path(get, path = "/api/admin/discover-tables", tag = "registry",
    responses((status = 200, body = Discovered), (status = 500, description = "The source did not answer")))]
pub async fn discover_tables(State(app): State<AppState>, admin: Admin) -> Result<Json<Discovered>, ApiError> {
    Ok(Json(discovery::discover_tables(&app.config.sources, &admin).await?))
}
