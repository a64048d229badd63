use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::view;
use crate::access::Admin;
use crate::protocol::access::{CreateGroup, Group};
use crate::server::api::users::rules;
use crate::server::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::{StoreError, audit, groups};

/// Adds a group.
#[utoipa::path(post, path = "/api/admin/groups", tag = "access", request_body = CreateGroup,
    responses((status = 201, body = Group), (status = 409, description = "The name is taken")))]
pub async fn create(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<CreateGroup>,
) -> Result<(StatusCode, Json<Group>), ApiError> {
    let name = body.name.trim().to_owned();
    if name.is_empty() {
        return Err(ApiError::bad_request("Group name is required"));
    }
    rules::limit("name", &name, view::LONGEST_NAME)?;
    rules::limit("description", body.description.as_deref().unwrap_or_default(), view::LONGEST_DESCRIPTION)?;
    let id = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let id = groups::insert(change, &name, body.description.as_deref(), &admin.user().email)?;
            let (resource, details) = (format!("group:{id}"), json!({ "name": name }));
            audit::record(change, &admin.actor(), "user_group.created", &resource, details)?;
            Ok(id)
        })
        .await?;
    let snapshot = app.store.snapshot();
    let group = snapshot.groups.get(&id).ok_or_else(|| ApiError::not_found("Group not found"))?;
    Ok((StatusCode::CREATED, Json(view::group(&app.config.google_groups, &snapshot, group))))
}
