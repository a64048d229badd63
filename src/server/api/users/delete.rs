use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::view;
use crate::access::Admin;
use crate::server::http::extractors::Path;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, accounts, audit};

/// Removes a user with everything personal.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users",
    params(("id" = String, Path, description = "User id")),
    responses((status = 204), (status = 404), (status = 409, description = "Yourself, the last admin, or managed elsewhere")))]
pub async fn delete(State(app): State<AppState>, admin: Admin, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let state = app.clone();
    app.store
        .write(move |change| -> Result<_, StoreError> {
            // Nothing else changes meanwhile, so this is the state within the transaction.
            let is_sso = view::is_sso(&state.config.google_groups, &state.store.snapshot(), &id);
            let email = accounts::delete(change, &id, &admin.user().id, is_sso)?;
            audit::record(change, &admin.actor(), Action::UserDelete, &format!("user:{id}"), json!({ "email": email }))
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
