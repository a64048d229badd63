//! Signing in with a mailed link.

use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};

use super::links::request_link;
use crate::domain::sign_in::{SignInMethod, follow_link};
use crate::protocol::auth::{LoginResponse, SendLink, SentLink, VerifyLink};
use crate::server::http::extractors::Json;
use crate::server::http::middleware::caller::Caller;
use crate::server::http::session::Session;
use crate::server::services::mail::Mail;
use crate::server::services::rate_limits::Rule;
use crate::server::{ApiError, ApiResult, App, AppState};
use crate::store::audit::Origin;
use crate::store::one_time::Purpose;
use crate::store::users::Proved;

pub const SEND_RULE: Rule = Rule { path: "/auth/email/send-link", per_minute: 5 };
/// One window for all ways to verify.
pub const VERIFY_RULE: Rule = Rule { path: "/auth/email/verify", per_minute: 10 };
const SENT: &str = "If this email is registered, you will receive a login link.";
const SHOWN: &str = "Magic link generated (LOCAL_DEV_MODE) — click dev_link to log in.";

/// Mails a link that signs in, valid for 10 minutes and one use. It replaces an unused one and an invitation. In
/// development mode the link is in the response.
#[utoipa::path(post, path = "/auth/email/send-link", tag = "auth", security(()),
    responses((status = 200, body = SentLink), (status = 429)))]
pub async fn send_login_link(app: AppState, caller: Caller, Json(body): Json<SendLink>) -> ApiResult<Response> {
    app.limits.admit(SEND_RULE, caller.origin.ip)?;
    let next = body.next.as_deref().unwrap_or_default();
    let requested = request_link(&app, &caller, Purpose::MagicLink, &body.email, next).await?;
    let sent = send(&app, requested.mail).await;
    Ok((AppendHeaders([(SET_COOKIE, requested.cookie)]), Json(sent)).into_response())
}

async fn send(app: &App, mail: Option<Mail>) -> SentLink {
    let mut response = SentLink { message: SENT.into(), dev_link: None, send_error: None };
    let Some(mail) = mail else { return response };
    if app.config.developer.is_none() {
        app.mail.queue(mail);
        return response;
    }
    response.message = SHOWN.into();
    response.dev_link = Some(mail.link.clone());
    if app.mail.is_configured() && !app.mail.send(mail).await {
        response.send_error = Some("The mail was not sent; the log says why".into());
    }
    response
}

/// Signs in with the token of a mailed link.
#[utoipa::path(post, path = "/auth/email/verify", tag = "auth", security(()),
    responses((status = 200, body = LoginResponse), (status = 401, description = "Invalid, expired or used"),
        (status = 429)))]
pub async fn verify_login_link(app: AppState, origin: Origin, Json(body): Json<VerifyLink>) -> ApiResult<Response> {
    app.limits.admit(VERIFY_RULE, origin.ip)?;
    let user = follow(&app, origin.clone(), body.email, body.token).await?.ok_or_else(refused)?;
    Ok(Session::start(&app, origin, user, SignInMethod::MagicLink, body.code).await?.into_login_response())
}

/// Consumes the token. Returns its user; `None` if the token is not valid.
pub async fn follow(app: &App, origin: Origin, email: String, token: String) -> ApiResult<Option<Proved>> {
    Ok(follow_link(&app.store, &app.instance().auth, origin, email, token).await?)
}

pub fn refused() -> ApiError {
    ApiError::unauthorized("Invalid or expired link")
}
