use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::{list, resource_types};
use crate::access::Admin;
use crate::domain::rules;
use crate::protocol::access::{CreateGrant, Grant};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, grants};

/// Grants a resource to a group. It works with the next request of each member.
#[utoipa::path(post, path = "/api/admin/grants", tag = "access", request_body = CreateGrant,
    responses((status = 201, body = Grant), (status = 404), (status = 409, description = "Already granted")))]
pub async fn create(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<CreateGrant>,
) -> Result<(StatusCode, Json<Grant>), ApiError> {
    resource_types::check(&body.resource_type)?;
    if body.resource_id.trim().is_empty() {
        return Err(ApiError::bad_request("resource_id is required"));
    }
    rules::limit("resource_id", &body.resource_id, 500)?;
    let id = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let CreateGrant { group_id, resource_type, resource_id } = &body;
            let id = grants::insert(change, group_id, resource_type, resource_id, &admin.user().email)?;
            let (resource, details) = (format!("grant:{id}"), json!(body));
            audit::record(change, &admin.actor(), Action::ResourceGrantCreated, &resource, details)?;
            Ok(id)
        })
        .await?;
    let snapshot = app.store.snapshot();
    let grant = snapshot.grants.get(&id).ok_or_else(|| ApiError::not_found("Grant not found"))?;
    Ok((StatusCode::CREATED, Json(list::body(&snapshot, grant))))
}
