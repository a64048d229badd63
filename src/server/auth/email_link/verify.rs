//! Signs in with the token of a mailed link.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use crate::domain::rules;
use crate::domain::sign_in::SignInMethod;
use crate::protocol::auth::{LoginResponse, VerifyLink};
use crate::server::auth::password::choose::typed;
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Origin};
use crate::store::one_time::{self, Purpose, Verdict};
use crate::store::{StoreError, audit};

/// One window for all ways to verify.
pub const RULE: Rule = Rule { path: "/auth/email/verify", per_minute: 10 };

/// Signs in with the token of a mailed link.
#[utoipa::path(post, path = "/auth/email/verify", tag = "auth", request_body = VerifyLink, security(()),
    responses((status = 200, body = LoginResponse), (status = 401, description = "Invalid, expired or used"),
        (status = 429)))]
pub async fn verify_login_link(
    State(app): State<AppState>,
    origin: Origin,
    Json(body): Json<VerifyLink>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    Ok(sign_in(&app, origin, body.email, body.token).await?.ok_or_else(refused)?.into_login_response())
}

/// Uses the token up and begins a session; `None` when it is not good.
pub async fn sign_in(
    app: &AppState,
    origin: Origin,
    email: String,
    token: String,
) -> Result<Option<Session>, ApiError> {
    // The rule may have changed since the link was mailed.
    let is_allowed = app.config.instance.auth.admits(&email) && !rules::is_service_account(email.trim());
    let actor = origin.clone().nobody();
    let verdict = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let verdict = match is_allowed {
                true => one_time::consume(change, &email, &token, Purpose::MagicLink)?,
                false => Verdict::Wrong,
            };
            let result = match &verdict {
                Verdict::Good(_) => return Ok(verdict),
                Verdict::Wrong => "invalid_link",
                Verdict::Expired => "expired_link",
                Verdict::Deactivated => "deactivated",
            };
            let details = json!({ "email": typed(&email), "provider": "magic_link" });
            audit::record_result(change, &actor, Action::LoginFailed, "auth", details, result)?;
            Ok(verdict)
        })
        .await?;
    match verdict {
        Verdict::Good(id) => Ok(Some(Session::start(app, origin, &id, SignInMethod::MagicLink).await?)),
        _ => Ok(None),
    }
}

pub fn refused() -> ApiError {
    ApiError::unauthorized("Invalid or expired link")
}
