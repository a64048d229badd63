use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::{Admin, Principal};
use crate::domain::access_requests;
use crate::protocol::access::AccessRequests;
use crate::server::http::extractors::{Json, Query};
use crate::server::{ApiError, AppState};
use crate::store::access_requests::PENDING;

/// Lists the caller's own requests, newest first.
#[utoipa::path(get, path = "/api/access-requests/my", tag = "access",
    responses((status = 200, body = AccessRequests)))]
pub async fn list_own_access_requests(
    State(app): State<AppState>,
    caller: Principal,
) -> Result<Json<AccessRequests>, ApiError> {
    Ok(Json(access_requests::list_own_access_requests(&app.store, &caller).await?))
}

/// Lists the pending requests, oldest first.
#[utoipa::path(get, path = "/api/access-requests/pending", tag = "access",
    responses((status = 200, body = AccessRequests)))]
pub async fn list_pending_access_requests(
    State(app): State<AppState>,
    _: Admin,
) -> Result<Json<AccessRequests>, ApiError> {
    Ok(Json(access_requests::list_access_requests(&app.store, Some(PENDING.into())).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccessRequestQuery {
    /// `pending`, `approved` or `denied`.
    pub status: Option<String>,
}

/// Lists all requests, oldest first.
#[utoipa::path(get, path = "/api/access-requests", tag = "access", params(AccessRequestQuery),
    responses((status = 200, body = AccessRequests), (status = 400, description = "Unknown status")))]
pub async fn list_access_requests(
    State(app): State<AppState>,
    _: Admin,
    Query(query): Query<AccessRequestQuery>,
) -> Result<Json<AccessRequests>, ApiError> {
    Ok(Json(access_requests::list_access_requests(&app.store, query.status).await?))
}
