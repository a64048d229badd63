use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::rules;
use crate::access::Admin;
use crate::protocol::registry::{RegisterTable, Registered};
use crate::protocol::vocabulary::{QueryMode, SyncStrategy};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::registry::{self, Table};
use crate::store::{StoreError, audit};

/// Registers a table. Nobody but admins can read it until it is granted; its data comes with the next sync.
#[utoipa::path(post, path = "/api/admin/register-table", tag = "registry", request_body = RegisterTable,
    responses((status = 201, body = Registered), (status = 409, description = "Id or name is taken"), (status = 422)))]
pub async fn register(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<RegisterTable>,
) -> Result<(StatusCode, Json<Registered>), ApiError> {
    let table = checked(&app, &body, &admin.user().email)?;
    let registered = Registered { id: table.id.clone(), name: table.name.clone(), status: "registered".into() };
    app.store
        .write(move |change| -> Result<_, StoreError> {
            registry::insert(change, &table)?;
            audit::record(change, &admin.actor(), Action::TableRegister, &table.id, json!(body))
        })
        .await?;
    Ok((StatusCode::CREATED, Json(registered)))
}

/// The row that a body asks for, if it may be one.
pub fn checked(app: &AppState, body: &RegisterTable, by: &str) -> Result<Table, ApiError> {
    rules::query_mode(body.query_mode.as_ref(), body.source_query.as_deref())?;
    rules::schedule(body.sync_schedule.as_deref())?;
    rules::name(&body.name)?;
    let body = body.clone();
    let table = Table {
        id: body.name.trim().to_lowercase().replace(' ', "_"),
        name: body.name,
        source_type: body.source_type,
        bucket: body.bucket,
        source_table: body.source_table,
        source_query: body.source_query.map(|query| query.trim().to_owned()).filter(|query| !query.is_empty()),
        sync_strategy: body.sync_strategy.or(Some(SyncStrategy::FullRefresh)),
        sync_options: body.sync_options,
        query_mode: body.query_mode.or(Some(QueryMode::Local)),
        sync_schedule: body.sync_schedule,
        profile_after_sync: true,
        primary_key: body.primary_key.unwrap_or_default(),
        folder: body.folder,
        description: body.description,
        registered_by: Some(by.to_owned()),
        registered_at: None,
    };
    rules::whole(app, &table)?;
    Ok(table)
}
