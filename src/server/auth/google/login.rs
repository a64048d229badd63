use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use openidconnect::RedirectUrl;
use serde::Deserialize;

use super::logins::PATIENCE;
use super::{CALLBACK, COOKIE, PER_MINUTE, code, refusal};
use crate::server::auth::next;
use crate::server::http::extractors::Query;
use crate::server::http::middleware::caller::Caller;
use crate::server::http::session::set_cookie;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::Origin;

const RULE: Rule = Rule { path: "/auth/google/login", per_minute: PER_MINUTE };

#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    next: String,
}

/// Sends a browser to Google.
#[utoipa::path(get, path = "/auth/google/login", tag = "auth", security(()),
    params(("next" = Option<String>, Query, description = "Path of this server to go to afterwards")),
    responses((status = 302, description = "To Google"),
        (status = 307, description = "Back to the login page, with an error code"), (status = 429)))]
pub async fn begin_google_sign_in(
    State(app): State<AppState>,
    origin: Origin,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let Some(oidc) = &app.google.oidc else { return Ok(refusal(code::NOT_CONFIGURED)) };
    let base = app.config.public_url.as_ref().unwrap_or(&caller.base_url);
    let begun = match RedirectUrl::new(format!("{base}{CALLBACK}")) {
        Ok(uri) => oidc.begin(uri, &app.config.instance.auth.domains(), next::safe(&wanted.next)).await,
        Err(error) => {
            tracing::warn!(%error, "a request came by an address that is none");
            return Ok(refusal(code::FAILED));
        }
    };
    let (url, login) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            tracing::warn!(%error, "cannot begin a Google sign-in");
            return Ok(refusal(code::FAILED));
        }
    };
    let location = HeaderValue::try_from(url.as_str()).map_err(ApiError::internal)?;
    let name = app.google.logins.keep(login);
    let cookie = set_cookie(&app, COOKIE, &name, PATIENCE.as_secs() as i64);
    Ok((StatusCode::FOUND, AppendHeaders([(SET_COOKIE, cookie)]), [(LOCATION, location)]).into_response())
}
