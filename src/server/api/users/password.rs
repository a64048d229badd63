use axum::extract::State;
use axum::http::StatusCode;

use super::mail_link;
use crate::access::Admin;
use crate::domain::{accounts, rules};
use crate::protocol::users::{ResetLink, SetPassword};
use crate::server::http::extractors::{Json, Path};
use crate::server::http::middleware::caller::Caller;
use crate::server::{ApiError, AppState};
use crate::store::one_time::Purpose;

/// Gives a user a password.
#[utoipa::path(post, path = "/api/users/{id}/set-password", tag = "users", request_body = SetPassword,
    params(("id" = String, Path, description = "User id")), responses((status = 204), (status = 404)))]
pub async fn set_user_password(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<SetPassword>,
) -> Result<StatusCode, ApiError> {
    rules::password(&body.password)?;
    let hash = app.passwords.hash(body.password).await?;
    accounts::set_password(&app.store, &admin, &app.config.google_groups, &id, hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link with which the user can choose another password, and mails it. The previous link stops working.
#[utoipa::path(post, path = "/api/users/{id}/reset-password", tag = "users",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = ResetLink), (status = 404), (status = 409, description = "Signs in elsewhere")))]
pub async fn reset_user_password(
    State(app): State<AppState>,
    admin: Admin,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ResetLink>, ApiError> {
    let reset = accounts::issue_reset_token(&app.store, &admin, &app.config.google_groups, &id).await?;
    let (reset_url, email_sent) = mail_link(&app, &caller, Purpose::Reset, &reset.email, &reset.token).await;
    Ok(Json(ResetLink { reset_url, email_sent }))
}
