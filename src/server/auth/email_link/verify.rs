//! Signs in with the token of a mailed link.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::json;

use crate::domain::rules;
use crate::protocol::auth::{LoginResponse, VerifyForm, VerifyLink};
use crate::server::auth::password::choose::typed;
use crate::server::auth::session::{self, Session, redirect};
use crate::server::auth::{links, next};
use crate::server::http::extractors::{Form, Json, Query};
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState, web};
use crate::store::audit::{Action, Origin};
use crate::store::one_time::{self, Purpose, Verdict};
use crate::store::{StoreError, audit};

/// One window for all ways to verify.
const RULE: Rule = Rule { path: "/auth/email/verify", per_minute: 10 };

/// Signs in with the token of a mailed link.
#[utoipa::path(post, path = "/auth/email/verify", tag = "auth", request_body = VerifyLink, security(()),
    responses((status = 200, body = LoginResponse), (status = 401, description = "Invalid, expired or used"),
        (status = 429)))]
pub async fn verify(
    State(app): State<AppState>,
    origin: Origin,
    Json(body): Json<VerifyLink>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let session = sign_in(&app, origin, body.email, body.token).await?.ok_or_else(refused)?;
    let body = LoginResponse::new(session.token.expose(), &session.email, session.role);
    Ok(session.with(body))
}

/// The mailed link. Signs in and goes on, unless it was not a person who opened it: then a page asks for a click, and
/// the token stays good.
#[utoipa::path(get, path = "/auth/email/verify", tag = "auth", params(VerifyForm), security(()),
    responses((status = 302, description = "Signed in"), (status = 401, description = "Invalid, expired or used"),
        (status = 200, description = "A page that asks for a click", content_type = "text/html"), (status = 429)))]
pub async fn follow(
    State(app): State<AppState>,
    origin: Origin,
    method: Method,
    headers: HeaderMap,
    Query(query): Query<VerifyForm>,
) -> Result<Response, ApiError> {
    if method == Method::HEAD || is_look_ahead(&headers) {
        return web::confirm_link(&app, &query);
    }
    app.limits.admit(RULE, origin.ip)?;
    let session = sign_in(&app, origin, query.email, query.token).await?.ok_or_else(refused)?;
    Ok(session.redirect(next::safe(&query.next).as_deref().unwrap_or("/dashboard")))
}

/// The button of that page.
#[utoipa::path(post, path = "/auth/email/verify/web", tag = "auth", security(()),
    request_body(content = VerifyForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 302, description = "Signed in, or back to the login page with `error`"), (status = 429)))]
pub async fn verify_web(
    State(app): State<AppState>,
    origin: Origin,
    Form(form): Form<VerifyForm>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let next = next::safe(&form.next);
    if let Some(session) = sign_in(&app, origin, form.email, form.token).await? {
        return Ok(session.redirect(next.as_deref().unwrap_or("/dashboard")));
    }
    let next = next.map(|next| format!("&next={}", links::encode(&next))).unwrap_or_default();
    Ok(redirect(&format!("/login/email?error=invalid_link{next}")))
}

/// Uses the token up and begins a session; `None` when it is not good.
async fn sign_in(app: &AppState, origin: Origin, email: String, token: String) -> Result<Option<Session>, ApiError> {
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
        Verdict::Good(id) => {
            let details = json!({ "provider": "magic_link" });
            Ok(Some(session::begin(app, origin, &id, Action::Login, details).await?))
        }
        _ => Ok(None),
    }
}

fn refused() -> ApiError {
    ApiError::unauthorized("Invalid or expired link")
}

/// Whether a browser fetches the page ahead of a click, or as a part of another page.
fn is_look_ahead(headers: &HeaderMap) -> bool {
    let says = |name: &str, words: &[&str]| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            words.iter().any(|word| value.contains(word))
        })
    };
    ["sec-purpose", "purpose", "x-purpose", "x-moz"]
        .iter()
        .any(|name| says(name, &["prefetch", "prerender", "preview"]))
        || says("sec-fetch-dest", &["image", "iframe", "frame", "embed", "object", "script", "style", "empty"])
}
