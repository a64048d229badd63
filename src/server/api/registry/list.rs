use axum::extract::State;

use crate::access::Admin;
use crate::domain::registry::view;
use crate::protocol::registry::TableList;
use crate::server::AppState;
use crate::server::http::extractors::Json;

/// Lists all registered tables, by name.
#[utoipa::path(get, path = "/api/admin/registry", tag = "registry", responses((status = 200, body = TableList)))]
pub async fn list_registered_tables(State(app): State<AppState>, _: Admin) -> Json<TableList> {
    Json(view::tables(&app.store.snapshot()))
}
