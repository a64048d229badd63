use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::access::Admin;
use crate::domain::groups::view;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, groups};

/// Removes a group with its members and grants.
#[utoipa::path(delete, path = "/api/admin/groups/{id}", tag = "access",
    params(("id" = String, Path, description = "Group id")),
    responses((status = 204), (status = 404), (status = 409, description = "A system group")))]
pub async fn delete(State(app): State<AppState>, admin: Admin, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    view::editable(&app.config.google_groups, &app.store.snapshot(), &id)?;
    app.store
        .write(move |change| -> Result<_, StoreError> {
            let name = groups::delete(change, &id)?;
            let (resource, details) = (format!("group:{id}"), json!({ "name": name }));
            audit::record(change, &admin.actor(), Action::UserGroupDeleted, &resource, details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
