use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::domain::syncs;
use crate::protocol::sync_runs::{Run, RunPage};
use crate::server::http::error::FieldError;
use crate::server::http::extractors::{Json, Path, Query};
use crate::server::{ApiError, AppState};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunQuery {
    /// 1 to 200; 20 by default.
    pub limit: Option<usize>,
    /// `next` of the previous page.
    pub before: Option<String>,
}

/// Returns what sync runs did, newest first; queued and current runs come first.
#[utoipa::path(get, path = "/api/sync/runs", tag = "sync", params(RunQuery),
    responses((status = 200, body = RunPage), (status = 422)))]
pub async fn list_sync_runs(
    State(app): State<AppState>,
    admin: Admin,
    Query(query): Query<RunQuery>,
) -> Result<Json<RunPage>, ApiError> {
    let limit = query.limit.unwrap_or(syncs::DEFAULT_RUNS);
    if !(1..=syncs::MAX_RUNS).contains(&limit) {
        let reason = format!("limit must be between 1 and {}", syncs::MAX_RUNS);
        return Err(ApiError::unprocessable(vec![FieldError::value(&["query", "limit"], &reason, limit)]));
    }
    Ok(Json(syncs::list_runs(&app.store, &app.runner, &admin, query.before, limit).await?))
}

/// Returns one sync run.
#[utoipa::path(get, path = "/api/sync/runs/{id}", tag = "sync", params(("id" = String, Path)),
    responses((status = 200, body = Run), (status = 404)))]
pub async fn get_sync_run(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<Json<Run>, ApiError> {
    Ok(Json(syncs::get_run(&app.store, &app.runner, &admin, id).await?))
}
