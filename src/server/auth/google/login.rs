use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use openidconnect::RedirectUrl;
use serde::Deserialize;

use super::{CALLBACK_PATH, COOKIE, NOT_CONFIGURED, PER_MINUTE, refusal};
use crate::domain::sign_in::GoogleRefusal;
use crate::server::auth::{links, next};
use crate::server::http::extractors::Query;
use crate::server::http::middleware::caller::Caller;
use crate::server::http::session::set_cookie;
use crate::server::services::google::PENDING_TIMEOUT;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;

const RULE: Rule = Rule { path: "/auth/google/login", per_minute: PER_MINUTE };

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
    State(app): State<AppState>,
    origin: Origin,
    caller: Caller,
    Query(query): Query<GoogleLoginQuery>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let Some(oidc) = &app.google.oidc else { return Ok(refusal(NOT_CONFIGURED)) };
    let failed = |error: &dyn std::fmt::Display| {
        tracing::warn!(%error, "cannot start a Google sign-in");
        Ok(refusal(GoogleRefusal::Failed(String::new()).code()))
    };
    let redirect_url = match RedirectUrl::new(format!("{}{CALLBACK_PATH}", links::base_url(&app, &caller))) {
        Ok(url) => url,
        Err(error) => return failed(&error),
    };
    let domains = app.config.instance.auth.domains();
    let (url, pending) = match oidc.begin(redirect_url, &domains, next::safe(&query.next)).await {
        Ok(begun) => begun,
        Err(error) => return failed(&error),
    };
    let location = HeaderValue::try_from(url.as_str()).map_err(ApiError::internal)?;
    let name = app.google.pending.insert(pending);
    let cookie = set_cookie(&app, COOKIE, &name, PENDING_TIMEOUT.as_secs() as i64);
    Ok((StatusCode::FOUND, AppendHeaders([(SET_COOKIE, cookie)]), [(LOCATION, location)]).into_response())
}
