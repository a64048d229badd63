use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::groups::{self, view};
use crate::protocol::access::{CreateGroup, Group};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Adds a group.
#[utoipa::path(post, path = "/api/admin/groups", tag = "access", request_body = CreateGroup,
    responses((status = 201, body = Group), (status = 409, description = "The name is taken")))]
pub async fn create_group(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<CreateGroup>,
) -> Result<(StatusCode, Json<Group>), ApiError> {
    let id = groups::create_group(&app.store, &admin, &body.name, body.description).await?;
    let group = view::group(&app.config.google_groups, &app.store.snapshot(), &id)?;
    Ok((StatusCode::CREATED, Json(group)))
}
