use axum::extract::State;
use serde_json::{Map, Value, json};

use super::rules;
use crate::access::Admin;
use crate::protocol::registry::{UpdateTable, Updated};
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::QueryMode;
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit;
use crate::store::audit::Action;
use crate::store::registry::{self, Table};

/// Changes what was sent of a registered table; the rest stays.
#[utoipa::path(put, path = "/api/admin/registry/{id}", tag = "registry", request_body = UpdateTable,
    params(("id" = String, Path, description = "Registry id")),
    responses((status = 200, body = Updated), (status = 404), (status = 409), (status = 422)))]
pub async fn update(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateTable>,
) -> Result<Json<Updated>, ApiError> {
    if app.store.snapshot().registry.get(&id).is_none() {
        return Err(ApiError::not_found("Table not found"));
    }
    if body.query_mode.is_some() {
        rules::query_mode(body.query_mode.as_ref(), sql_after(&app, &id, &body).as_deref())?;
    }
    rules::schedule(body.sync_schedule.as_deref())?;
    body.name.as_deref().map_or(Ok(()), rules::name)?;
    let sent = sent(&body);
    let checking = app.clone();
    let updated = Updated { id: id.clone(), updated: sent.keys().cloned().collect() };
    app.store
        .write(move |change| -> Result<_, ApiError> {
            let mut table = registry::get(change, &id)?;
            lay_over(&mut table, body);
            rules::whole(&checking, &table)?;
            registry::update(change, &table)?;
            let mut names: Vec<_> = sent.keys().cloned().collect();
            names.sort();
            let mut details = sent;
            details.insert("updated_fields".into(), json!(names));
            let details = Value::Object(details);
            audit::record(change, &admin.actor(), Action::TableUpdate, &id, details)?;
            Ok(())
        })
        .await?;
    Ok(Json(updated))
}

/// The SQL that the row would have: what was sent, or what is there while it stays materialized.
fn sql_after(app: &AppState, id: &str, body: &UpdateTable) -> Option<String> {
    let kept = || app.store.snapshot().registry.get(id)?.source_query.clone();
    let is_materialized = body.query_mode == Some(QueryMode::Materialized);
    body.source_query.clone().or_else(|| is_materialized.then(kept).flatten())
}

/// The fields that are not null, in the order of the type.
fn sent(body: &UpdateTable) -> Map<String, Value> {
    match json!(body) {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

fn lay_over(table: &mut Table, body: UpdateTable) {
    fn set<T>(field: &mut Option<T>, value: Option<T>) {
        if value.is_some() {
            *field = value;
        }
    }
    if let Some(name) = body.name {
        // What it is called at the source stays the same.
        if name != table.name && table.source_table.as_deref().is_none_or(str::is_empty) {
            table.source_table = Some(std::mem::take(&mut table.name));
        }
        table.name = name;
    }
    if let Some(primary_key) = body.primary_key {
        table.primary_key = primary_key;
    }
    if let Some(options) = body.sync_options {
        table.sync_options = Some(options).filter(|options| *options != SyncOptions::default());
    }
    if let Some(profile) = body.profile_after_sync {
        table.profile_after_sync = profile;
    }
    set(&mut table.sync_strategy, body.sync_strategy);
    set(&mut table.description, body.description);
    set(&mut table.source_type, body.source_type);
    set(&mut table.bucket, body.bucket);
    set(&mut table.source_table, body.source_table);
    set(&mut table.sync_schedule, body.sync_schedule);
    set(&mut table.folder, body.folder);
    set(&mut table.source_query, body.source_query.map(|query| query.trim().to_owned()));
    if body.query_mode.is_some() {
        table.query_mode = body.query_mode;
        // Leaving materialized mode takes the SQL with it.
        if !table.is_materialized() {
            table.source_query = None;
        }
    }
}
