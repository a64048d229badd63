use axum::extract::State;
use serde_json::json;

use super::view;
use crate::access::Admin;
use crate::domain::rules;
use crate::protocol::users::ResetLink;
use crate::server::auth::links;
use crate::server::http::extractors::{Json, Path};
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::one_time::{self, Purpose};
use crate::store::{StoreError, audit};

/// Makes a link with which the user can choose another password, and mails it. The one before stops working.
#[utoipa::path(post, path = "/api/users/{id}/reset-password", tag = "users",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = ResetLink), (status = 404), (status = 409, description = "Signs in elsewhere")))]
pub async fn reset_password(
    State(app): State<AppState>,
    admin: Admin,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ResetLink>, ApiError> {
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
    let details = json!({ "email": email });
    let token = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let token = one_time::issue(change, &id, Purpose::Reset)?;
            audit::record(change, &admin.actor(), Action::UserResetPassword, &format!("user:{id}"), details)?;
            Ok(token)
        })
        .await?;
    let reset_url = links::link(links::base(&app, &caller), Purpose::Reset, &email, &token, None);
    let mail = links::mail(&app, Purpose::Reset, &email, &reset_url);
    let email_sent = app.mail.is_configured() && app.mail.send(mail).await;
    Ok(Json(ResetLink { reset_url, email_sent }))
}
