use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::access::Admin;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, grants};

/// Withdraws a grant. It ends with the next request of each member.
#[utoipa::path(delete, path = "/api/admin/grants/{id}", tag = "access",
    params(("id" = String, Path, description = "Grant id")), responses((status = 204), (status = 404)))]
pub async fn delete(State(app): State<AppState>, admin: Admin, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    app.store
        .write(move |change| -> Result<_, StoreError> {
            let (group_id, resource_type, resource_id) = grants::delete(change, &id)?;
            let details = json!({ "group_id": group_id, "resource_type": resource_type, "resource_id": resource_id });
            let resource = format!("grant:{id}");
            audit::record(change, &admin.actor(), Action::ResourceGrantDeleted, &resource, details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
