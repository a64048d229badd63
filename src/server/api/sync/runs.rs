use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::protocol::sync_runs::{Run, RunPage};
use crate::server::http::error::FieldError;
use crate::server::http::extractors::{Json, Path, Query};
use crate::server::{ApiError, AppState};
use crate::store::sync_runs;

const USUAL: usize = 20;
const MOST: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// 1 to 200; 20 unless given.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub before: Option<String>,
}

/// What sync runs did, newest first; what waits and what runs comes first.
#[utoipa::path(get, path = "/api/sync/runs", tag = "sync", params(Wanted),
    responses((status = 200, body = RunPage), (status = 422)))]
pub async fn list(
    State(app): State<AppState>,
    _: Admin,
    Query(wanted): Query<Wanted>,
) -> Result<Json<RunPage>, ApiError> {
    let limit = wanted.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        let reason = "limit must be between 1 and 200";
        return Err(ApiError::unprocessable(vec![FieldError::value(&["query", "limit"], reason, limit)]));
    }
    let mut runs = if wanted.before.is_none() { app.runner.live() } else { Vec::new() };
    // One more than wanted tells whether there is another page; what runs is stored too.
    let stored =
        app.store.read(move |connection| sync_runs::list(connection, wanted.before.as_deref(), limit + 1)).await?;
    let live: Vec<_> = runs.iter().map(|run| run.id.clone()).collect();
    runs.extend(stored.into_iter().filter(|run| !live.contains(&run.id)));
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| has_more).map(|run| run.id.clone());
    Ok(Json(RunPage { count: runs.len(), runs, next }))
}

/// One sync run.
#[utoipa::path(get, path = "/api/sync/runs/{id}", tag = "sync", params(("id" = String, Path)),
    responses((status = 200, body = Run), (status = 404)))]
pub async fn get(State(app): State<AppState>, _: Admin, Path(id): Path<String>) -> Result<Json<Run>, ApiError> {
    if let Some(run) = app.runner.live().into_iter().find(|run| run.id == id) {
        return Ok(Json(run));
    }
    let run = app.store.read(move |connection| sync_runs::get(connection, &id)).await?;
    run.map(Json).ok_or_else(|| ApiError::not_found("Sync run not found; old runs are forgotten after a while"))
}
