use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::{Admin, Principal};
use crate::domain::saved_queries;
use crate::protocol::query::{DEFAULT_LIMIT, QueryResponse};
use crate::protocol::saved_queries::{DueRuns, SaveQuery, SavedQueries, SavedQuery, UpdateSavedQuery};
use crate::server::http::answer;
use crate::server::http::extractors::{Accept, Created, Json, Path, Query, Reply};
use crate::server::{ApiError, ApiResult, AppState};

/// Lists the saved queries that are the caller's own or shared with them, by name; to admins all.
#[utoipa::path(get, path = "/api/saved-queries", tag = "saved queries", responses((status = 200, body = SavedQueries)))]
pub async fn list_saved_queries(app: AppState, caller: Principal) -> Reply<SavedQueries> {
    Ok(Json(saved_queries::list_saved_queries(&app.store, &app.orchestrator.publication(), &caller).await?))
}

/// Saves a statement that the caller may run now. With `table`, its result is kept as a table of that name, which
/// `schedule` refreshes.
#[utoipa::path(post, path = "/api/saved-queries", tag = "saved queries",
    responses((status = 201, body = SavedQuery), (status = 400, description = "Not a SELECT"),
        (status = 403, description = "Reads a table that is not granted"),
        (status = 409, description = "A name is taken, or there are too many"), (status = 413), (status = 422)))]
pub async fn save_query(
    app: AppState,
    caller: Principal,
    Json(body): Json<SaveQuery>,
) -> ApiResult<Created<SavedQuery>> {
    let quotas = app.config.saved_queries;
    let id = saved_queries::save_query(&app.store, &app.orchestrator, &app.queries, quotas, &caller, body).await?;
    Ok(Created(shown(&app, &caller, &id).await?))
}

/// Returns a saved query, with what its table was made of and what became of its last refresh.
#[utoipa::path(get, path = "/api/saved-queries/{id}", tag = "saved queries",
    params(("id", description = "Query id")), responses((status = 200, body = SavedQuery), (status = 404)))]
pub async fn get_saved_query(app: AppState, caller: Principal, Path(id): Path<String>) -> Reply<SavedQuery> {
    Ok(Json(shown(&app, &caller, &id).await?))
}

/// Changes the fields of a saved query that were sent; an empty text clears. Only its owner changes what it says; admins
/// can clear its schedule and its table.
#[utoipa::path(patch, path = "/api/saved-queries/{id}", tag = "saved queries",
    params(("id", description = "Query id")),
    responses((status = 200, body = SavedQuery), (status = 400, description = "Not a SELECT"),
        (status = 403, description = "Not the owner, or reads a table that is not granted"), (status = 404),
        (status = 409, description = "A name is taken, or there are too many"), (status = 413), (status = 422)))]
pub async fn update_saved_query(
    app: AppState,
    caller: Principal,
    Path(id): Path<String>,
    Json(body): Json<UpdateSavedQuery>,
) -> Reply<SavedQuery> {
    let gate = (&*app.orchestrator, &app.queries, app.config.saved_queries);
    saved_queries::update_query(&app.store, &app.runner, gate, &caller, &id, body).await?;
    Ok(Json(shown(&app, &caller, &id).await?))
}

/// Deletes a saved query with its table.
#[utoipa::path(delete, path = "/api/saved-queries/{id}", tag = "saved queries",
    params(("id", description = "Query id")),
    responses((status = 204), (status = 403, description = "Not the owner"), (status = 404)))]
pub async fn delete_saved_query(app: AppState, caller: Principal, Path(id): Path<String>) -> ApiResult<StatusCode> {
    saved_queries::delete_query(&app.store, &app.runner, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunParameters {
    /// Most rows that are returned, as for `POST /api/query`; 1000 if it is not given.
    pub limit: Option<i64>,
}

/// Runs a saved query with the caller's own rights, and answers as `POST /api/query` does.
#[utoipa::path(post, path = "/api/saved-queries/{id}/run", tag = "saved queries",
    params(("id", description = "Query id"), RunParameters),
    responses((status = 200, content((QueryResponse = "application/json"), (Vec<u8> = "application/vnd.apache.arrow.stream"),
            (Vec<u8> = "application/vnd.apache.parquet"), (String = "text/csv"))),
        (status = 400, description = "The engine's error"),
        (status = 403, description = "Reads a table that is not granted"), (status = 404), (status = 413),
        (status = 429), (status = 502), (status = 504)))]
pub async fn run_saved_query(
    app: AppState,
    caller: Principal,
    Path(id): Path<String>,
    Query(parameters): Query<RunParameters>,
    Accept(wanted): Accept,
) -> ApiResult<Response> {
    let limit = parameters.limit.unwrap_or(DEFAULT_LIMIT);
    let rows =
        usize::try_from(limit).map_err(|_| ApiError::value(["query", "limit"], "limit must not be negative", limit))?;
    let sql = saved_queries::statement(&app.store, &caller, &id).await?;
    Ok(answer::run(&app, caller, sql, rows, wanted).await)
}

/// Runs a saved query as its owner, keeps the result as its table, and returns how that went.
#[utoipa::path(post, path = "/api/saved-queries/{id}/refresh", tag = "saved queries",
    params(("id", description = "Query id")),
    responses((status = 200, body = SavedQuery), (status = 403, description = "Not the owner"), (status = 404),
        (status = 409, description = "It has no table, or is being refreshed")))]
pub async fn refresh_saved_query(app: AppState, caller: Principal, Path(id): Path<String>) -> Reply<SavedQuery> {
    saved_queries::refresh_query(&app.store, &app.refresher, &caller, &id).await?;
    Ok(Json(shown(&app, &caller, &id).await?))
}

/// Shares a saved query with a group, by its id or name: its members can run it with their own rights, and read its table
/// if they may read everything that it was made of. Owners share with the groups that they are in.
#[utoipa::path(put, path = "/api/saved-queries/{id}/groups/{group}", tag = "saved queries",
    params(("id", description = "Query id"), ("group", description = "Id or name of the group")),
    responses((status = 200, body = SavedQuery), (status = 403, description = "Not the owner"), (status = 404)))]
pub async fn share_saved_query(
    app: AppState,
    caller: Principal,
    Path((id, group)): Path<(String, String)>,
) -> Reply<SavedQuery> {
    saved_queries::share_query(&app.store, &caller, &id, &group).await?;
    Ok(Json(shown(&app, &caller, &id).await?))
}

/// Takes a saved query back from a group, by its id or name.
#[utoipa::path(delete, path = "/api/saved-queries/{id}/groups/{group}", tag = "saved queries",
    params(("id", description = "Query id"), ("group", description = "Id or name of the group")),
    responses((status = 200, body = SavedQuery), (status = 403, description = "Not the owner"), (status = 404)))]
pub async fn unshare_saved_query(
    app: AppState,
    caller: Principal,
    Path((id, group)): Path<(String, String)>,
) -> Reply<SavedQuery> {
    saved_queries::unshare_query(&app.store, &caller, &id, &group).await?;
    Ok(Json(shown(&app, &caller, &id).await?))
}

/// Refreshes the tables of saved queries that are due, and returns when that is done. A call while an earlier one is at work
/// does nothing and says so.
#[utoipa::path(post, path = "/api/admin/saved-queries/run-due", tag = "saved queries",
    responses((status = 200, body = DueRuns)))]
pub async fn run_due_saved_queries(app: AppState, admin: Admin) -> Reply<DueRuns> {
    Ok(Json(saved_queries::run_due(&app.refresher, &admin).await?))
}

async fn shown(app: &AppState, caller: &Principal, id: &str) -> ApiResult<SavedQuery> {
    Ok(saved_queries::get_saved_query(&app.store, &app.orchestrator.publication(), caller, id).await?)
}
