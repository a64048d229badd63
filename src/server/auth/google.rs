//! Signing in with Google.

use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use openidconnect::RedirectUrl;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::domain::sign_in::{
    GoogleRefusal, check_google_identity, record_refused_google_sign_in, sign_in_with_google,
};
use crate::server::auth::{links, next};
use crate::server::http::extractors::Query;
use crate::server::http::middleware::caller::Caller;
use crate::server::http::session::{Session, cookie, remove_cookie, set_cookie};
use crate::server::services::google::{Oidc, PENDING_COOKIE, PENDING_TIMEOUT, PendingSignIn};
use crate::server::services::rate_limits::Rule;
use crate::server::settings::NO_ADDRESS;
use crate::server::{ApiError, ApiResult, App, AppState};
use crate::store::audit::Origin;

/// Path that Google redirects browsers back to.
const CALLBACK_PATH: &str = "/auth/google/callback";
/// Requests per minute to each of the two endpoints.
const PER_MINUTE: u32 = 30;
const NOT_CONFIGURED: &str = "google_not_configured";

/// Redirects to the login page, which says what `code` means.
fn refusal(code: &str) -> Response {
    match HeaderValue::try_from(format!("/login?error={code}")) {
        Ok(location) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

#[derive(Debug, Deserialize)]
pub struct GoogleLoginQuery {
    #[serde(default)]
    next: String,
}

/// Redirects a browser to Google.
#[utoipa::path(get, path = "/auth/google/login", tag = "auth", security(()),
    params(("next" = Option<String>, Query, description = "Path of this server to redirect to afterwards")),
    responses((status = 302, description = "To Google"),
        (status = 307, description = "Back to the login page, with an error code"), (status = 429)))]
pub async fn begin_google_sign_in(
    app: AppState,
    caller: Caller,
    Query(query): Query<GoogleLoginQuery>,
) -> ApiResult<Response> {
    app.limits.admit(Rule { path: "/auth/google/login", per_minute: PER_MINUTE }, caller.origin.ip)?;
    let Some(oidc) = &app.google.oidc else { return Ok(refusal(NOT_CONFIGURED)) };
    let failed = |error: &dyn std::fmt::Display| {
        tracing::warn!(%error, "cannot start a Google sign-in");
        Ok(refusal(GoogleRefusal::Failed(String::new()).code()))
    };
    let Some(base_url) = links::base_url(&app, &caller) else {
        tracing::error!("a Google sign-in was refused: {NO_ADDRESS}");
        return Ok(refusal(NOT_CONFIGURED));
    };
    let redirect_url = match RedirectUrl::new(format!("{base_url}{CALLBACK_PATH}")) {
        Ok(url) => url,
        Err(error) => return failed(&error),
    };
    let instance = app.instance();
    let domains = instance.auth.domains();
    let (url, pending) = match oidc.begin(redirect_url, &domains, next::safe(&query.next)).await {
        Ok(begun) => begun,
        Err(error) => return failed(&error),
    };
    let location = HeaderValue::try_from(url.as_str()).map_err(ApiError::internal)?;
    let name = app.google.pending.insert(pending);
    let cookie = set_cookie(&app, PENDING_COOKIE, &name, PENDING_TIMEOUT.as_secs() as i64);
    Ok((StatusCode::FOUND, AppendHeaders([(SET_COOKIE, cookie)]), [(LOCATION, location)]).into_response())
}

#[derive(Debug, Deserialize)]
pub struct GoogleCallbackQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// Signs in a person who comes back from Google.
#[utoipa::path(get, path = "/auth/google/callback", tag = "auth", security(()),
    params(("code" = Option<String>, Query), ("state" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 302, description = "Signed in"),
        (status = 307, description = "Back to the login page, with an error code"), (status = 429)))]
pub async fn complete_google_sign_in(
    app: AppState,
    origin: Origin,
    headers: HeaderMap,
    Query(query): Query<GoogleCallbackQuery>,
) -> ApiResult<Response> {
    app.limits.admit(Rule { path: "/auth/google/callback", per_minute: PER_MINUTE }, origin.ip)?;
    let Some(oidc) = &app.google.oidc else { return Ok(refusal(NOT_CONFIGURED)) };
    // Taken before anything is checked, so that it can be used once only, whatever happens.
    let pending = cookie(&headers, PENDING_COOKIE).and_then(|name| app.google.pending.take(name));
    let mut email = None;
    let response = match sign_in(&app, oidc, &origin, pending, query, &mut email).await {
        Ok(response) => response,
        Err(refused) => {
            tracing::warn!(code = refused.code(), reason = %refused, "a Google sign-in failed");
            record_refused_google_sign_in(&app.store, origin, email, refused.code()).await?;
            refusal(refused.code())
        }
    };
    Ok((AppendHeaders([(SET_COOKIE, remove_cookie(&app, PENDING_COOKIE))]), response).into_response())
}

/// Stores the address in `email` as soon as it is known.
async fn sign_in(
    app: &App,
    oidc: &Oidc,
    origin: &Origin,
    pending: Option<PendingSignIn>,
    query: GoogleCallbackQuery,
    email: &mut Option<String>,
) -> Result<Response, GoogleRefusal> {
    let failed = |reason: &str| GoogleRefusal::Failed(reason.to_owned());
    if let Some(error) = query.error {
        let text: String = error.chars().take(100).collect();
        return Err(failed(&format!("Google reports {text}")));
    }
    let pending = pending.ok_or_else(|| failed("no sign-in was started in this browser, or it has expired"))?;
    let state = query.state.unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(pending.state.secret().as_bytes())) {
        return Err(failed("the state is not the one that was sent"));
    }
    let next = pending.next.clone();
    let code = query.code.ok_or_else(|| failed("the code is missing"))?;
    let identity = oidc.identify(code, pending).await.map_err(|error| failed(&error.to_string()))?;
    email.clone_from(&identity.email);
    let address = check_google_identity(&app.store.snapshot(), &app.instance().auth, &identity)?;
    let groups = app.google.directory.groups_of(&address).await;
    let (keys, origin) = (app.authenticator.keys(), origin.clone());
    let started =
        sign_in_with_google(&app.store, &keys, &app.second_factors, origin, address, identity.name, groups).await?;
    Ok(Session::new(app, started).redirect(next.as_deref().unwrap_or("/dashboard")))
}
