use axum::Extension;
use axum::http::StatusCode;
use serde_json::Value;

use crate::access::{Denied, Principal, ReadableTable, readable};
use crate::domain::catalog::{get_profile, list_tables};
use crate::extract::Publication;
use crate::protocol::catalog::{CatalogTables, Profiled};
use crate::server::http::extractors::{Json, Path, Reply};
use crate::server::http::middleware::data_read::DataRead;
use crate::server::{ApiError, ApiResult, AppState};

/// Returns the tables that the caller may read, including those that have not been published yet.
#[utoipa::path(get, path = "/api/catalog/tables", tag = "catalog", responses((status = 200, body = CatalogTables)))]
pub async fn list_catalog_tables(app: AppState, caller: Principal) -> Json<CatalogTables> {
    Json(list_tables(&app.store.snapshot(), &app.orchestrator.publication(), &caller, &app.openmetadata))
}

/// Returns what the columns of a table hold.
#[utoipa::path(get, path = "/api/catalog/profile/{table}", tag = "catalog",
    params(("table", description = "Name or registry id")),
    responses((status = 200, body = Value), (status = 403), (status = 404)))]
pub async fn get_table_profile(
    app: AppState,
    caller: Principal,
    Path(table): Path<String>,
) -> ApiResult<(Extension<DataRead>, Json<Value>)> {
    let missing = || ApiError::not_found(format!("Profile not found for '{table}'"));
    let publication = app.orchestrator.publication();
    let found = find(&app, &publication, &caller, &table, missing)?;
    let profile = get_profile(&app.store, &app.config.data_dir, &caller, &found).await?.ok_or_else(missing)?;
    Ok((Extension(DataRead::table("profile", &found.table().name, None)), Json(profile)))
}

/// Profiles a table again.
#[utoipa::path(post, path = "/api/catalog/profile/{table}/refresh", tag = "catalog",
    params(("table", description = "Name or registry id")),
    responses((status = 200, body = Profiled), (status = 403), (status = 404), (status = 429)))]
pub async fn refresh_table_profile(app: AppState, caller: Principal, Path(table): Path<String>) -> Reply<Profiled> {
    let missing = || ApiError::not_found(format!("No parquet for '{table}'"));
    let publication = app.orchestrator.publication();
    let found = find(&app, &publication, &caller, &table, missing)?;
    if found.table().files().next().is_none() {
        return Err(missing());
    }
    let _turn = app.people.profiles.take(&caller.user().id)?;
    let columns = app
        .runner
        .profile(found.table())
        .await
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("Profile failed: {error}")))?;
    Ok(Json(Profiled { status: "ok".into(), table, columns }))
}

fn find(
    app: &AppState,
    publication: &Publication,
    caller: &Principal,
    table: &str,
    missing: impl Fn() -> ApiError,
) -> ApiResult<ReadableTable> {
    readable(&app.store.snapshot(), publication, caller, table).map_err(|denied| match denied {
        Denied::Forbidden => ApiError::forbidden(format!("Access denied to table '{table}'")),
        Denied::NotPublished => missing(),
    })
}
