use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::{Admin, Principal, readable_tables};
use crate::domain::syncs;
use crate::protocol::sync::{Manifest, Triggered};
use crate::protocol::sync_runs::{Run, RunPage};
use crate::server::http::extractors::{AnyJson, Json, Path, Query, Reply, fields};
use crate::server::{ApiError, AppState};
use crate::sync::manifest;

/// Starts a sync of these registry ids, or of everything that is due. While a run is in progress, the request is merged
/// into the next one.
#[utoipa::path(post, path = "/api/sync/trigger", tag = "sync", request_body = Option<Vec<String>>,
    responses((status = 200, body = Triggered), (status = 422)))]
pub async fn trigger_sync(app: AppState, admin: Admin, AnyJson(body): AnyJson) -> Reply<Triggered> {
    let ids: Option<Vec<String>> = fields::read("body", body.unwrap_or_default())?;
    Ok(Json(syncs::trigger_sync(&app.store, &app.runner, &admin, ids.unwrap_or_default()).await?))
}

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
pub async fn list_sync_runs(app: AppState, admin: Admin, Query(query): Query<RunQuery>) -> Reply<RunPage> {
    let limit = query.limit.unwrap_or(syncs::DEFAULT_RUNS);
    if !(1..=syncs::MAX_RUNS).contains(&limit) {
        let reason = format!("limit must be between 1 and {}", syncs::MAX_RUNS);
        return Err(ApiError::value(["query", "limit"], &reason, limit));
    }
    Ok(Json(syncs::list_runs(&app.store, &app.runner, &admin, query.before, limit).await?))
}

/// Returns one sync run.
#[utoipa::path(get, path = "/api/sync/runs/{id}", tag = "sync", responses((status = 200, body = Run), (status = 404)))]
pub async fn get_sync_run(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<Run> {
    Ok(Json(syncs::get_run(&app.store, &app.runner, &admin, id).await?))
}

/// Cancels a sync run. A queued one is removed. The current one ends shortly after the response, and what was published
/// stays. The next run does what this one has not done.
#[utoipa::path(post, path = "/api/sync/runs/{id}/cancel", tag = "sync",
    responses((status = 200, body = Run), (status = 404), (status = 409)))]
pub async fn cancel_sync_run(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<Run> {
    Ok(Json(syncs::cancel_run(&app.store, &app.runner, &admin, id).await?))
}

/// Returns what the caller may download.
#[utoipa::path(get, path = "/api/sync/manifest", tag = "sync", responses((status = 200, body = Manifest)))]
pub async fn get_manifest(app: AppState, caller: Principal) -> Reply<Manifest> {
    let tables = readable_tables(&app.store.snapshot(), &app.orchestrator.publication(), &caller);
    let manifest = tokio::task::spawn_blocking(move || manifest::manifest(&tables, &app.assets, &app.config.data_dir));
    manifest.await.map(Json).map_err(ApiError::internal)
}
