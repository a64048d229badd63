use axum::extract::State;

use crate::access::Admin;
use crate::domain::access_requests;
use crate::protocol::access::{AccessRequest, Review};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Grants the requested table: to a group, which the requester is added to, or to the requester alone.
#[utoipa::path(post, path = "/api/access-requests/{id}/approve", tag = "access", request_body = Option<Review>,
    params(("id" = String, Path, description = "Request id")),
    responses((status = 200, body = AccessRequest), (status = 404), (status = 409, description = "Decided already")))]
pub async fn approve_access_request(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    body: Option<Json<Review>>,
) -> Result<Json<AccessRequest>, ApiError> {
    let review = body.map(|Json(review)| review).unwrap_or_default();
    let google = &app.config.google_groups;
    Ok(Json(access_requests::approve_access_request(&app.store, &admin, google, &id, review).await?))
}

/// Denies a request.
#[utoipa::path(post, path = "/api/access-requests/{id}/deny", tag = "access", request_body = Option<Review>,
    params(("id" = String, Path, description = "Request id")),
    responses((status = 200, body = AccessRequest), (status = 404), (status = 409, description = "Decided already")))]
pub async fn deny_access_request(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    body: Option<Json<Review>>,
) -> Result<Json<AccessRequest>, ApiError> {
    let review = body.map(|Json(review)| review).unwrap_or_default();
    Ok(Json(access_requests::deny_access_request(&app.store, &admin, &id, review).await?))
}
