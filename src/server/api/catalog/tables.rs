use axum::extract::State;

use crate::access::Principal;
use crate::domain::catalog::list_tables;
use crate::protocol::catalog::CatalogTables;
use crate::server::AppState;
use crate::server::http::extractors::Json;

/// Returns the tables that the caller may read, including those that have not been published yet.
#[utoipa::path(get, path = "/api/catalog/tables", tag = "catalog", responses((status = 200, body = CatalogTables)))]
pub async fn list_catalog_tables(State(app): State<AppState>, caller: Principal) -> Json<CatalogTables> {
    Json(list_tables(&app.store.snapshot(), &app.orchestrator.publication(), &caller))
}
