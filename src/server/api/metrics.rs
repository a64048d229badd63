//! Metric definitions. Callers see those whose tables they may read.

use axum::extract::multipart::MultipartRejection;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::{Admin, Principal};
use crate::domain::metrics::{self, CompileError, Document};
use crate::protocol::metrics::{
    Breakdown, ImportForm, Metric, MetricDefinition, MetricDeleted, MetricStatement, Metrics, MetricsImported,
};
use crate::server::http::extractors::{Created, Json, LongForm, Path, Query, Reply, missing_file};
use crate::server::{ApiError, ApiResult, AppState};

/// Most bytes of all files of an import.
const MAX_IMPORT: usize = 8 * 1024 * 1024;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MetricsQuery {
    /// Only metrics of this category.
    category: Option<String>,
}

/// Lists the metrics whose tables the caller may read.
#[utoipa::path(get, path = "/api/metrics", tag = "metrics", params(MetricsQuery),
    responses((status = 200, body = Metrics)))]
pub async fn list_metrics(app: AppState, caller: Principal, Query(query): Query<MetricsQuery>) -> Reply<Metrics> {
    Ok(Json(metrics::list_metrics(&app.store.snapshot(), &caller, query.category.as_deref())))
}

/// Returns a metric.
#[utoipa::path(get, path = "/api/metrics/{*id}", tag = "metrics",
    params(("id" = String, Path, description = "Usually `<category>/<name>`")),
    responses((status = 200, body = Metric), (status = 404)))]
pub async fn get_metric(app: AppState, caller: Principal, Path(id): Path<String>) -> Reply<Metric> {
    Ok(Json(metrics::get_metric(&app.store.snapshot(), &caller, &id)?))
}

/// Returns the statement that computes a metric, for `POST /api/query`. Nothing runs yet.
#[utoipa::path(post, path = "/api/metrics/{*id}", tag = "metrics",
    params(("id" = String, Path, description = "Usually `<category>/<name>`")),
    responses((status = 200, body = MetricStatement),
        (status = 400, description = "It cannot be broken down like that (a text), or the predicate is wrong (an object \
            with `error` and `kind`)"),
        (status = 404), (status = 413), (status = 502)))]
pub async fn compile_metric(
    app: AppState,
    caller: Principal,
    Path(id): Path<String>,
    Json(breakdown): Json<Breakdown>,
) -> Reply<MetricStatement> {
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let compiled = metrics::compile_metric(&snapshot, &publication, &app.queries, &caller, &id, &breakdown);
    Ok(Json(compiled.await?))
}

impl From<CompileError> for ApiError {
    fn from(error: CompileError) -> Self {
        match error {
            CompileError::Metric(error) => error.into(),
            CompileError::Predicate(flaw) => flaw.into(),
            CompileError::Query(error) => error.into(),
        }
    }
}

/// Redirects from the addresses of older versions.
#[utoipa::path(get, path = "/api/catalog/metrics/{*path}", tag = "metrics",
    params(("path" = String, Path, description = "Id of a metric, with or without `.yml`")),
    responses((status = 301, description = "To `/api/metrics/{id}`")))]
pub async fn redirect_to_metric(_: Principal, Path(path): Path<String>) -> ApiResult<impl IntoResponse> {
    let id = path.strip_suffix(".yml").unwrap_or(&path);
    let mut url = url::Url::parse("http://agnes").map_err(ApiError::internal)?;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(["api", "metrics"]).extend(id.split('/'));
    }
    Ok((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, url.path().to_owned())]))
}

/// Stores a metric in place of the one with that id.
#[utoipa::path(post, path = "/api/admin/metrics", tag = "metrics", responses((status = 201, body = Metric)))]
pub async fn put_metric(
    app: AppState,
    admin: Admin,
    Json(definition): Json<MetricDefinition>,
) -> ApiResult<Created<Metric>> {
    Ok(Created(metrics::put_metric(&app.store, &admin, definition).await?))
}

/// Deletes a metric.
#[utoipa::path(delete, path = "/api/admin/metrics/{*id}", tag = "metrics",
    params(("id" = String, Path, description = "Usually `<category>/<name>`")),
    responses((status = 200, body = MetricDeleted), (status = 404)))]
pub async fn delete_metric(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<MetricDeleted> {
    metrics::delete_metric(&app.store, &admin, id.clone()).await?;
    Ok(Json(MetricDeleted { status: "deleted".into(), id }))
}

/// Imports metrics from YAML: all of them, or none if a document has an error.
#[utoipa::path(post, path = "/api/admin/metrics/import", tag = "metrics",
    request_body(content_type = "multipart/form-data", content = ImportForm),
    responses((status = 200, body = MetricsImported), (status = 400), (status = 413), (status = 422)))]
pub async fn import_metrics(
    app: AppState,
    admin: Admin,
    form: Result<LongForm, MultipartRejection>,
) -> Reply<MetricsImported> {
    let mut form = form.map_err(|_| missing_file())?;
    let (mut documents, mut left) = (Vec::new(), MAX_IMPORT);
    while let Some(mut part) = form.next_part().await? {
        if part.name() != Some("file") {
            continue;
        }
        let name = part.file_name().map(str::to_owned);
        let text = part.read(left).await?;
        left -= text.len();
        let text = String::from_utf8(text).map_err(|_| ApiError::bad_request("Invalid YAML: it is not UTF-8"))?;
        documents.push(Document { name, text });
    }
    if documents.is_empty() {
        return Err(missing_file());
    }
    Ok(Json(metrics::import_metrics(&app.store, &admin, documents).await?))
}
