//! Changing one's own password.

use axum::response::Response;

use super::verify::verify;
use crate::access::Interactive;
use crate::domain::rules;
use crate::domain::sign_in::{PasswordAttempt, change_own_password, record_wrong_password};
use crate::protocol::auth::{ChangePassword, TokenResponse};
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::rate_limits::Rule;
use crate::server::{ApiError, ApiResult, App, AppState};

pub const RULE: Rule = Rule { path: "/auth/password/change", per_minute: 10 };

/// Changes the caller's password. All sessions end; the response has a new one.
#[utoipa::path(post, path = "/auth/password/change", tag = "auth",
    responses((status = 200, body = TokenResponse), (status = 400, description = "A wrong or a weak password"),
        (status = 403, description = "The caller used a token"), (status = 429)))]
pub async fn change_password(
    app: AppState,
    caller: Interactive,
    Json(body): Json<ChangePassword>,
) -> ApiResult<Response> {
    Ok(change(&app, &caller, body).await?.into_token_response())
}

/// Verifies the current password and replaces it. A wrong one counts as a failed sign-in.
pub async fn change(app: &App, caller: &Interactive, body: ChangePassword) -> ApiResult<Session> {
    let (origin, email) = (caller.actor().origin, caller.user().email.clone());
    app.limits.admit(RULE, origin.ip)?;
    let ChangePassword { current_password, new_password, revoke_tokens } = body;
    if caller.user().password_hash.is_none() {
        return Err(ApiError::bad_request("Your account has no password; ask for a link to choose one"));
    }
    rules::password(&new_password)?;
    app.limits.take_try(&email)?;
    let attempt = PasswordAttempt::new(&app.store.snapshot(), &email, &app.no_password);
    if !verify(app, &email, &attempt, current_password.clone()).await? {
        record_wrong_password(&app.store, caller).await?;
        return Err(ApiError::bad_request("Current password is wrong"));
    }
    app.limits.succeeded(&email);
    if current_password == new_password {
        return Err(ApiError::bad_request("New password must differ from the current one"));
    }
    let hash = app.passwords.hash_chosen(new_password, app.context_words(&email, "")).await?;
    let keys = app.authenticator.keys();
    let started = change_own_password(&app.store, &keys, caller, &attempt, hash, revoke_tokens).await?;
    Ok(Session::new(app, started))
}
