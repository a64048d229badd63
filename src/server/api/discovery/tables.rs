use axum::extract::State;
use axum::http::StatusCode;

use super::{list, split};
use crate::access::Admin;
use crate::connectors::keboola::model;
use crate::protocol::discovery::{Discovered, DiscoveredTable};
use crate::protocol::vocabulary::SourceType;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// The tables that the main data source offers.
#[utoipa::path(get, path = "/api/admin/discover-tables", tag = "registry",
    responses((status = 200, body = Discovered), (status = 500, description = "The source did not answer")))]
pub async fn tables(State(app): State<AppState>, _: Admin) -> Result<Json<Discovered>, ApiError> {
    let source = app.config.instance.source_type().to_owned();
    if source != SourceType::KEBOOLA.as_str() {
        let error = Some(format!("Discovery not implemented for source_type='{source}'"));
        return Ok(Json(Discovered { source, error, ..Discovered::default() }));
    }
    let found = list(&app)
        .await
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("Discovery failed: {error}")))?;
    let tables: Vec<_> = found.into_iter().map(body).collect();
    Ok(Json(Discovered { count: tables.len(), tables, source, error: None }))
}

fn body(table: model::Table) -> DiscoveredTable {
    let bucket_id = split(&table.id).0.to_owned();
    DiscoveredTable {
        bucket_name: table.bucket.map_or_else(|| bucket_id.clone(), |bucket| bucket.name),
        bucket_id,
        id: table.id,
        name: table.name,
        columns: table.columns,
        row_count: table.rows_count,
        size_bytes: table.data_size_bytes,
        primary_key: table.primary_key,
        last_change: table.last_change_date,
        last_import: table.last_import_date,
    }
}
