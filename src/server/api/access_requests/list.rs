use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::{Admin, Principal};
use crate::base::time;
use crate::protocol::access::{AccessRequest as Body, AccessRequests};
use crate::server::http::extractors::{Json, Query};
use crate::server::{ApiError, AppState};
use crate::store::access_requests::{self, APPROVED, AccessRequest, DENIED, PENDING, Which};

/// The caller's own requests, newest first.
#[utoipa::path(get, path = "/api/access-requests/my", tag = "access",
    responses((status = 200, body = AccessRequests)))]
pub async fn own(State(app): State<AppState>, caller: Principal) -> Result<Json<AccessRequests>, ApiError> {
    let Json(mut list) = list(&app, Which::OfUser(caller.user().id.clone())).await?;
    list.requests.reverse();
    Ok(Json(list))
}

/// What waits for a decision, oldest first.
#[utoipa::path(get, path = "/api/access-requests/pending", tag = "access",
    responses((status = 200, body = AccessRequests)))]
pub async fn pending(State(app): State<AppState>, _: Admin) -> Result<Json<AccessRequests>, ApiError> {
    list(&app, Which::WithStatus(PENDING.into())).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `pending`, `approved` or `denied`.
    pub status: Option<String>,
}

/// All requests, oldest first.
#[utoipa::path(get, path = "/api/access-requests", tag = "access", params(Filter),
    responses((status = 200, body = AccessRequests), (status = 400, description = "Unknown status")))]
pub async fn all(
    State(app): State<AppState>,
    _: Admin,
    Query(filter): Query<Filter>,
) -> Result<Json<AccessRequests>, ApiError> {
    match filter.status {
        None => list(&app, Which::All).await,
        Some(status) if [PENDING, APPROVED, DENIED].contains(&status.as_str()) => {
            list(&app, Which::WithStatus(status)).await
        }
        Some(_) => Err(ApiError::bad_request("status must be pending, approved or denied")),
    }
}

async fn list(app: &AppState, which: Which) -> Result<Json<AccessRequests>, ApiError> {
    let found = app.store.read(move |connection| access_requests::list(connection, &which)).await?;
    let requests: Vec<_> = found.into_iter().map(|request| body(request, None)).collect();
    Ok(Json(AccessRequests { count: requests.len(), requests }))
}

pub(super) fn body(request: AccessRequest, grant_id: Option<String>) -> Body {
    Body {
        id: request.id,
        user_id: request.user_id,
        user_email: request.user_email,
        resource_type: request.resource_type,
        table_id: request.table_id,
        reason: request.reason,
        status: request.status,
        requested_at: request.requested_at.map(time::spaced),
        reviewed_by: request.reviewed_by,
        reviewed_at: request.reviewed_at.map(time::spaced),
        review_note: request.review_note,
        grant_id,
    }
}
