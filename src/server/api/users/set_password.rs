use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::view;
use crate::access::Admin;
use crate::domain::rules;
use crate::protocol::users::SetPassword;
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, audit, users};

/// Gives a user a password.
#[utoipa::path(post, path = "/api/users/{id}/set-password", tag = "users", request_body = SetPassword,
    params(("id" = String, Path, description = "User id")), responses((status = 204), (status = 404)))]
pub async fn set_password(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<SetPassword>,
) -> Result<StatusCode, ApiError> {
    rules::password(&body.password)?;
    let snapshot = app.store.snapshot();
    let email = snapshot.users.get(&id).ok_or_else(|| ApiError::not_found("User not found"))?.email.clone();
    if view::is_sso(&app.config.google_groups, &snapshot, &id) {
        return Err(ApiError::conflict(
            "User is managed by an external SSO provider; this operation must be performed in the upstream system",
        ));
    }
    if rules::is_service_account(&email) {
        return Err(ApiError::conflict("The scheduler signs in with SCHEDULER_API_TOKEN and has no password"));
    }
    let hash = app.passwords.hash(body.password).await?;
    app.store
        .write(move |change| -> Result<_, StoreError> {
            users::set_password(change, &id, &hash)?;
            let (resource, details) = (format!("user:{id}"), json!({ "email": email }));
            audit::record(change, &admin.actor(), Action::UserSetPassword, &resource, details)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
