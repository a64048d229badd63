//! Signing in with a mailed link.

use axum::response::Response;

use super::links::request_link;
use crate::domain::sign_in::sign_in_with_link;
use crate::protocol::auth::{LoginResponse, SendLink, SentLink, VerifyLink};
use crate::server::http::extractors::{Json, Reply};
use crate::server::http::middleware::caller::Caller;
use crate::server::http::session::Session;
use crate::server::services::rate_limits::Rule;
use crate::server::{ApiError, ApiResult, App, AppState};
use crate::store::audit::Origin;
use crate::store::one_time::Purpose;

pub const SEND_RULE: Rule = Rule { path: "/auth/email/send-link", per_minute: 5 };
/// One window for all ways to verify.
pub const VERIFY_RULE: Rule = Rule { path: "/auth/email/verify", per_minute: 10 };
const SENT: &str = "If this email is registered, you will receive a login link.";
const SHOWN: &str = "Magic link generated (LOCAL_DEV_MODE) — click dev_link to log in.";

/// Mails a link that signs in, valid for one hour and one use. It replaces an unused one and an invitation. In
/// development mode the link is in the response.
#[utoipa::path(post, path = "/auth/email/send-link", tag = "auth", security(()),
    responses((status = 200, body = SentLink), (status = 429)))]
pub async fn send_login_link(app: AppState, caller: Caller, Json(body): Json<SendLink>) -> Reply<SentLink> {
    app.limits.admit(SEND_RULE, caller.origin.ip)?;
    let next = body.next.as_deref().unwrap_or_default();
    let mail = request_link(&app, &caller, Purpose::MagicLink, &body.email, next).await?;
    let mut response = SentLink { message: SENT.into(), dev_link: None, send_error: None };
    let Some(mail) = mail else { return Ok(Json(response)) };
    if app.config.developer.is_none() {
        app.mail.queue(mail);
        return Ok(Json(response));
    }
    response.message = SHOWN.into();
    response.dev_link = Some(mail.link.clone());
    if app.mail.is_configured() && !app.mail.send(mail).await {
        response.send_error = Some("The mail was not sent; the log says why".into());
    }
    Ok(Json(response))
}

/// Signs in with the token of a mailed link.
#[utoipa::path(post, path = "/auth/email/verify", tag = "auth", security(()),
    responses((status = 200, body = LoginResponse), (status = 401, description = "Invalid, expired or used"),
        (status = 429)))]
pub async fn verify_login_link(app: AppState, origin: Origin, Json(body): Json<VerifyLink>) -> ApiResult<Response> {
    app.limits.admit(VERIFY_RULE, origin.ip)?;
    Ok(sign_in(&app, origin, body.email, body.token).await?.ok_or_else(refused)?.into_login_response())
}

/// Consumes the token and starts a session; `None` if the token is not valid.
pub async fn sign_in(app: &App, origin: Origin, email: String, token: String) -> ApiResult<Option<Session>> {
    let (auth, keys) = (&app.config.instance.auth, app.authenticator.keys());
    let started = sign_in_with_link(&app.store, auth, &keys, origin, email, token).await?;
    Ok(started.map(|started| Session::new(app, started)))
}

pub fn refused() -> ApiError {
    ApiError::unauthorized("Invalid or expired link")
}
