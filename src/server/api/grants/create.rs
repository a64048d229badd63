use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::grants::{self, view};
use crate::protocol::access::{CreateGrant, Grant};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Grants a resource to a group. It applies from the next request of each member.
#[utoipa::path(post, path = "/api/admin/grants", tag = "access", request_body = CreateGrant,
    responses((status = 201, body = Grant), (status = 404), (status = 409, description = "Already granted")))]
pub async fn create_grant(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<CreateGrant>,
) -> Result<(StatusCode, Json<Grant>), ApiError> {
    let CreateGrant { group_id, resource_type, resource_id } = body;
    let id = grants::create_grant(&app.store, &admin, &group_id, &resource_type, &resource_id).await?;
    Ok((StatusCode::CREATED, Json(view::grant(&app.store.snapshot(), &id)?)))
}
