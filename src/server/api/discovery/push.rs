use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::client;
use crate::access::Admin;
use crate::protocol::discovery::Pushed;
use crate::protocol::vocabulary::SourceType;
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, column_metadata};

/// Sends the types and descriptions of a table's columns, as they are stored here, to its source.
#[utoipa::path(post, path = "/api/admin/metadata/{table}/push", tag = "registry",
    params(("table" = String, Path, description = "Name or registry id")),
    responses((status = 200, body = Pushed), (status = 400), (status = 404), (status = 502)))]
pub async fn push(
    State(app): State<AppState>,
    admin: Admin,
    Path(table): Path<String>,
) -> Result<Json<Pushed>, ApiError> {
    let snapshot = app.store.snapshot();
    let row = snapshot.registry.get(&table).or_else(|| snapshot.registry.by_name(&table)).cloned();
    let row = row.ok_or_else(|| ApiError::not_found(format!("Table not found: {table}")))?;
    let source = row.source_type.clone().unwrap_or_default();
    if source != SourceType::KEBOOLA {
        let detail = format!("Push is only supported for keboola tables (table source_type='{source}')");
        return Err(ApiError::bad_request(detail));
    }
    let Ok(client) = client(&app) else {
        let detail = "KBC_STACK_URL and KBC_STORAGE_TOKEN must be set";
        return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, detail));
    };
    let (id, name) = (row.id.clone(), row.name.clone());
    let columns = app.store.read(move |connection| column_metadata::of_table(connection, &id, &name)).await?;
    if columns.is_empty() {
        let message = Some("No column metadata to push".into());
        return Ok(Json(Pushed { status: "ok".into(), pushed: 0, message }));
    }
    let storage_id = match row.bucket.as_deref().filter(|bucket| !bucket.is_empty()) {
        Some(bucket) => format!("{bucket}.{}", row.source_table.as_deref().unwrap_or(&row.name)),
        None => row.id.clone(),
    };
    let pushed = columns.len();
    client
        .push_metadata(&storage_id, columns)
        .await
        .map_err(|error| ApiError::new(StatusCode::BAD_GATEWAY, error.to_string()))?;
    let (actor, resource) = (admin.actor(), row.id.clone());
    app.store
        .write(move |change| -> Result<_, StoreError> {
            audit::record(change, &actor, Action::MetadataPush, &resource, json!({ "columns": pushed }))
        })
        .await?;
    Ok(Json(Pushed { status: "ok".into(), pushed, message: None }))
}
