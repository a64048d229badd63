//! What every way to sign in ends with: a session, as a token in the body and as a cookie.

use crate::store::audit::Action;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use crate::access::{SESSION_SECONDS, is_admin};
use crate::base::secret::Secret;
use crate::config::env_vars;
use crate::domain::accounts::view::role;
use crate::protocol::auth::TokenResponse;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, App, AppState};
use crate::store::audit::Origin;
use crate::store::{StoreError, audit, users};

/// The cookie that browsers send.
pub const COOKIE: &str = "access_token";

/// A session that has begun.
pub struct Session {
    pub token: Secret,
    pub user_id: String,
    pub email: String,
    /// `admin` or `user`; a label only.
    pub role: &'static str,
    cookie: String,
}

/// Begins a session for somebody who has proved who they are, and records it as `action`, e.g. `login`.
pub async fn begin(
    app: &AppState,
    origin: Origin,
    user_id: &str,
    action: Action,
    details: Value,
) -> Result<Session, ApiError> {
    let actor = origin.user(user_id);
    let id = user_id.to_owned();
    let begun = app.store.write(move |change| -> Result<_, StoreError> {
        let (email, version) = users::sign_in(change, &id)?;
        audit::record(change, &actor, action, "auth", details)?;
        Ok((email, version))
    });
    let (email, version) = begun.await.map_err(|error| match error {
        // The account may have gone between the proof and now.
        StoreError::NotFound(text) | StoreError::Conflict(text) => ApiError::unauthorized(text),
        other => other.into(),
    })?;
    let issued = app.authenticator.keys().issue_session(user_id, &email, version).map_err(ApiError::internal)?;
    Ok(Session {
        cookie: cookie(app, COOKIE, issued.token.expose(), SESSION_SECONDS),
        token: issued.token,
        user_id: user_id.to_owned(),
        email,
        role: role(is_admin(&app.store.snapshot(), user_id)),
    })
}

impl Session {
    /// The usual answer.
    pub fn answer(self) -> Response {
        let body = TokenResponse {
            access_token: self.token.expose().to_owned(),
            token_type: "bearer".into(),
            user_id: self.user_id.clone(),
            email: self.email.clone(),
            role: self.role.into(),
        };
        self.with(body)
    }

    /// An answer with another body.
    pub fn with(self, body: impl Serialize) -> Response {
        (AppendHeaders([(SET_COOKIE, self.cookie)]), Json(body)).into_response()
    }

    /// Sends a browser on to a path of this server.
    pub fn redirect(self, path: &str) -> Response {
        (AppendHeaders([(SET_COOKIE, self.cookie)]), redirect(path)).into_response()
    }
}

/// A redirect (302) to a path of this server, which is plain ASCII.
pub fn redirect(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::FOUND, [(LOCATION, location)]).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

/// A cookie that scripts cannot read; with an empty value and no seconds it goes away.
pub fn cookie(app: &App, name: &str, value: &str, seconds: i64) -> String {
    let secure = if app.config.env.get(&env_vars::DOMAIN).is_some() { "; Secure" } else { "" };
    format!("{name}={value}; HttpOnly; Max-Age={seconds}; Path=/; SameSite=lax{secure}")
}
