use axum::extract::State;
use axum::response::Response;

use crate::domain::sign_in::sign_in_with_link;
use crate::protocol::auth::{LoginResponse, VerifyLink};
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, App, AppState};
use crate::store::audit::Origin;

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

/// Consumes the token and starts a session; `None` if the token is not valid.
pub async fn sign_in(app: &App, origin: Origin, email: String, token: String) -> Result<Option<Session>, ApiError> {
    let (auth, keys) = (&app.config.instance.auth, app.authenticator.keys());
    let started = sign_in_with_link(&app.store, auth, &keys, origin, email, token).await?;
    Ok(started.map(|started| Session::new(app, started)))
}

pub fn refused() -> ApiError {
    ApiError::unauthorized("Invalid or expired link")
}
