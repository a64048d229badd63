use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{COOKIE, NOT_CONFIGURED, PER_MINUTE, refusal};
use crate::domain::sign_in::{
    GoogleRefusal, check_google_identity, record_refused_google_sign_in, sign_in_with_google,
};
use crate::server::http::extractors::Query;
use crate::server::http::session::{Session, cookie, remove_cookie};
use crate::server::services::google::{Oidc, PendingSignIn};
use crate::server::services::limits::Rule;
use crate::server::{ApiError, App, AppState};
use crate::store::audit::Origin;

const RULE: Rule = Rule { path: "/auth/google/callback", per_minute: PER_MINUTE };

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
    State(app): State<AppState>,
    origin: Origin,
    headers: HeaderMap,
    Query(query): Query<GoogleCallbackQuery>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let Some(oidc) = &app.google.oidc else { return Ok(refusal(NOT_CONFIGURED)) };
    // Taken before anything is checked, so that it can be used once only, whatever happens.
    let pending = cookie(&headers, COOKIE).and_then(|name| app.google.pending.take(name));
    let mut email = None;
    let response = match sign_in(&app, oidc, &origin, pending, query, &mut email).await {
        Ok(response) => response,
        Err(refused) => {
            tracing::warn!(code = refused.code(), reason = %refused, "a Google sign-in failed");
            record_refused_google_sign_in(&app.store, origin, email, refused.code()).await?;
            refusal(refused.code())
        }
    };
    Ok((AppendHeaders([(SET_COOKIE, remove_cookie(&app, COOKIE))]), response).into_response())
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
    let code = query.code.ok_or_else(|| failed("there is no code"))?;
    let identity = oidc.identify(code, pending).await.map_err(|error| failed(&error.to_string()))?;
    email.clone_from(&identity.email);
    let address = check_google_identity(&app.store.snapshot(), &app.config.instance.auth, &identity)?;
    let groups = app.google.directory.groups_of(&address).await;
    let (keys, google, origin) = (app.authenticator.keys(), &app.config.google_groups, origin.clone());
    let started = sign_in_with_google(&app.store, &keys, google, origin, address, identity.name, groups).await?;
    Ok(Session::new(app, started).redirect(next.as_deref().unwrap_or("/dashboard")))
}
