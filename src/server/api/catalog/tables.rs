use axum::extract::State;

use crate::access::{ListedTable, Principal, listed_tables};
use crate::protocol::catalog::{CatalogTable, CatalogTables};
use crate::server::AppState;
use crate::server::http::extractors::Json;

/// The tables that the caller may read, those that are yet to be published included.
#[utoipa::path(get, path = "/api/catalog/tables", tag = "catalog", responses((status = 200, body = CatalogTables)))]
pub async fn tables(State(app): State<AppState>, caller: Principal) -> Json<CatalogTables> {
    let listed = listed_tables(&app.store.snapshot(), &app.orchestrator.publication(), &caller);
    let tables: Vec<_> = listed.into_iter().map(body).collect();
    Json(CatalogTables { count: tables.len(), tables })
}

fn body(table: ListedTable) -> CatalogTable {
    let ListedTable { id, name, registered } = table;
    let Some(row) = registered else {
        return CatalogTable { id, name, description: None, source_type: None, sync_strategy: None, query_mode: None };
    };
    CatalogTable {
        id,
        name,
        description: row.description.clone(),
        source_type: row.source_type.clone(),
        sync_strategy: row.sync_strategy.clone(),
        query_mode: row.query_mode.clone(),
    }
}
