use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Principal;
use crate::domain::access_requests;
use crate::protocol::access::{AccessRequest, CreateAccessRequest};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Requests access to a table. The response does not reveal whether there is such a table.
#[utoipa::path(post, path = "/api/access-requests", tag = "access", request_body = CreateAccessRequest,
    responses((status = 201, body = AccessRequest), (status = 400), (status = 409, description = "Requested or granted already")))]
pub async fn create_access_request(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<CreateAccessRequest>,
) -> Result<(StatusCode, Json<AccessRequest>), ApiError> {
    let request = access_requests::create_access_request(&app.store, &caller, &body.table_id, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(request)))
}
