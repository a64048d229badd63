use axum::Extension;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::domain::tables;
use crate::protocol::v2::{Catalog, Sample, TableSchema};
use crate::server::http::extractors::{Json, Path, Query};
use crate::server::http::middleware::data_read::DataRead;
use crate::server::{ApiError, ApiResult, AppState};

/// Returns the tables that the caller may read, and how much there is of each. They are as current as the answer: nothing but
/// what OpenMetadata says is cached, so `refresh` changes nothing.
#[utoipa::path(get, path = "/api/v2/catalog", tag = "v2", responses((status = 200, body = Catalog)))]
pub async fn get_catalog(app: AppState, caller: Principal) -> Json<Catalog> {
    Json(tables::catalog(&app.store.snapshot(), &app.orchestrator.publication(), &caller, &app.openmetadata))
}

/// Returns the columns of a table.
#[utoipa::path(get, path = "/api/v2/schema/{table_id}", tag = "v2",
    params(("table_id", description = "Registry id or name")),
    responses((status = 200, body = TableSchema), (status = 403), (status = 404),
        (status = 409, description = "The table stays in BigQuery")))]
pub async fn get_table_schema(
    app: AppState,
    caller: Principal,
    Path(table): Path<String>,
) -> ApiResult<(Extension<DataRead>, Json<TableSchema>)> {
    let snapshot = app.store.snapshot();
    let found = tables::find(&snapshot, &app.orchestrator.publication(), &caller, &table)?;
    let schema = tables::schema(&snapshot, &found, &app.openmetadata);
    Ok((Extension(DataRead::table("schema", &found.table().name, None)), Json(schema)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SampleQuery {
    /// How many rows.
    #[serde(default = "five")]
    #[param(minimum = 1, maximum = 100, default = 5)]
    n: i64,
}

fn five() -> i64 {
    5
}

/// Returns the first rows of a table. Values have the form of those of `/api/query`, but NaN and the infinities are null.
#[utoipa::path(get, path = "/api/v2/sample/{table_id}", tag = "v2",
    params(("table_id", description = "Registry id or name"), SampleQuery),
    responses((status = 200, body = Sample), (status = 400), (status = 403), (status = 404),
        (status = 409, description = "The table stays in BigQuery"), (status = 413), (status = 502)))]
pub async fn get_table_sample(
    app: AppState,
    caller: Principal,
    Path(table): Path<String>,
    Query(SampleQuery { n }): Query<SampleQuery>,
) -> ApiResult<(Extension<DataRead>, Json<Sample>)> {
    let rows = usize::try_from(n)
        .ok()
        .filter(|rows| (1..=100).contains(rows))
        .ok_or_else(|| ApiError::value(["query", "n"], "n must be between 1 and 100", n))?;
    let publication = app.orchestrator.publication();
    let found = tables::find(&app.store.snapshot(), &publication, &caller, &table)?;
    let sample = tables::sample(&app.queries, &caller, &publication, &found, rows).await?;
    let read = DataRead::table("sample", &found.table().name, Some(sample.rows.len() as u64));
    Ok((Extension(read), Json(sample)))
}
