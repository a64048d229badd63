use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::{Admin, Principal};
use crate::domain::access_requests;
use crate::protocol::access::{AccessRequest, AccessRequests, CreateAccessRequest, Review};
use crate::server::http::extractors::{Created, Json, Path, Query, Reply};
use crate::server::{ApiResult, AppState};
use crate::store::access_requests::PENDING;

/// Lists the caller's own requests, newest first.
#[utoipa::path(get, path = "/api/access-requests/my", tag = "access", responses((status = 200, body = AccessRequests)))]
pub async fn list_own_access_requests(app: AppState, caller: Principal) -> Reply<AccessRequests> {
    Ok(Json(access_requests::list_own_access_requests(&app.store, &caller).await?))
}

/// Lists the pending requests, oldest first.
#[utoipa::path(get, path = "/api/access-requests/pending", tag = "access",
    responses((status = 200, body = AccessRequests)))]
pub async fn list_pending_access_requests(app: AppState, _: Admin) -> Reply<AccessRequests> {
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
    app: AppState,
    _: Admin,
    Query(query): Query<AccessRequestQuery>,
) -> Reply<AccessRequests> {
    Ok(Json(access_requests::list_access_requests(&app.store, query.status).await?))
}

/// Requests access to a table. The response does not reveal whether there is such a table.
#[utoipa::path(post, path = "/api/access-requests", tag = "access",
    responses((status = 201, body = AccessRequest), (status = 400),
        (status = 409, description = "Requested or granted already")))]
pub async fn create_access_request(
    app: AppState,
    caller: Principal,
    Json(body): Json<CreateAccessRequest>,
) -> ApiResult<Created<AccessRequest>> {
    let request = access_requests::create_access_request(&app.store, &caller, &body.table_id, &body.reason).await?;
    Ok(Created(request))
}

/// Grants the requested table: to a group, which the requester is added to, or to the requester alone.
#[utoipa::path(post, path = "/api/access-requests/{id}/approve", tag = "access", request_body = Option<Review>,
    params(("id", description = "Request id")),
    responses((status = 200, body = AccessRequest), (status = 404), (status = 409, description = "Decided already")))]
pub async fn approve_access_request(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    body: Option<Json<Review>>,
) -> Reply<AccessRequest> {
    let review = body.map(|Json(review)| review).unwrap_or_default();
    Ok(Json(access_requests::approve_access_request(&app.store, &admin, &id, review).await?))
}

/// Denies a request.
#[utoipa::path(post, path = "/api/access-requests/{id}/deny", tag = "access", request_body = Option<Review>,
    params(("id", description = "Request id")),
    responses((status = 200, body = AccessRequest), (status = 404), (status = 409, description = "Decided already")))]
pub async fn deny_access_request(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    body: Option<Json<Review>>,
) -> Reply<AccessRequest> {
    let review = body.map(|Json(review)| review).unwrap_or_default();
    Ok(Json(access_requests::deny_access_request(&app.store, &admin, &id, review).await?))
}
