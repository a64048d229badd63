//! The session cookie, and the responses that set it.

use axum::http::header::{ACCEPT, AUTHORIZATION, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use cookie::Cookie;
use serde::Serialize;

use super::extractors::Json;
use crate::access::SESSION_SECONDS;
use crate::domain::sign_in::{SignInMethod, StartedSession, start_session};
use crate::protocol::auth::{LoginResponse, TokenResponse};
use crate::server::{ApiError, App};
use crate::store::audit::Origin;
use crate::store::users::Proved;

/// Name of the cookie that holds a session token.
pub const SESSION_COOKIE: &str = "access_token";

/// What a request says about who it is from.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    Bearer(&'a str),
    /// Browsers add it by themselves, also to requests of other sites' pages.
    Cookie(&'a str),
}

impl<'a> Proof<'a> {
    pub fn token(self) -> &'a str {
        match self {
            Self::Bearer(token) | Self::Cookie(token) => token,
        }
    }
}

/// The bearer token, else the session cookie. A bearer token that is not valid does not fall back to the cookie; another
/// scheme or a value that is not text counts as none.
pub fn proof(headers: &HeaderMap) -> Option<Proof<'_>> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let bearer = bearer.filter(|token| !token.is_empty()).map(Proof::Bearer);
    bearer.or_else(|| cookie(headers, SESSION_COOKIE).map(Proof::Cookie))
}

/// A started session, ready to be sent to a client.
pub struct Session {
    started: StartedSession,
    cookie: String,
}

impl Session {
    pub fn new(app: &App, started: StartedSession) -> Self {
        Self { cookie: set_cookie(app, SESSION_COOKIE, started.token.expose(), SESSION_SECONDS), started }
    }

    /// Starts a session for a user who has proved who they are.
    pub async fn start(app: &App, origin: Origin, user: Proved, method: SignInMethod) -> Result<Self, ApiError> {
        let started = start_session(&app.store, &app.authenticator.keys(), origin, user, method).await?;
        Ok(Self::new(app, started))
    }

    /// A response with the token in its body.
    pub fn into_token_response(self) -> Response {
        self.respond(|started| TokenResponse {
            access_token: started.token.expose().to_owned(),
            token_type: "bearer".into(),
            user_id: started.user_id.clone(),
            email: started.email.clone(),
            role: started.role.into(),
        })
    }

    /// The same in the shape of the endpoints of one provider.
    pub fn into_login_response(self) -> Response {
        self.respond(|started| LoginResponse {
            access_token: started.token.expose().to_owned(),
            token_type: "bearer".into(),
            email: started.email.clone(),
            role: started.role.into(),
        })
    }

    /// A response with another body.
    pub fn respond<T: Serialize>(self, body: impl FnOnce(&StartedSession) -> T) -> Response {
        (AppendHeaders([(SET_COOKIE, self.cookie)]), Json(body(&self.started))).into_response()
    }

    /// Redirects a browser to a path of this server.
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

/// Returns whether the client names HTML among what it accepts, as browsers do; `*/*` does not count.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else { return false };
    let (html, json) = (accepted.find("text/html"), accepted.find("application/json"));
    html.is_some_and(|html| json.is_none_or(|json| html < json))
}

/// The value of a cookie that the client sent, unless it is empty.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let sent = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = sent.flat_map(Cookie::split_parse).flatten();
    let found = cookies.find(|cookie| cookie.name() == name && !cookie.value().is_empty())?;
    found.value_raw().map(|value| value.trim_matches('"'))
}

/// A `Set-Cookie` header for a cookie that scripts cannot read. The order and spelling of the attributes are those of
/// v0.35, which the `cookie` crate does not write.
pub fn set_cookie(app: &App, name: &str, value: &str, seconds: i64) -> String {
    let secure = if app.config.http.https { "; Secure" } else { "" };
    format!("{name}={value}; HttpOnly; Max-Age={seconds}; Path=/; SameSite=lax{secure}")
}

/// A `Set-Cookie` header that removes a cookie.
pub fn remove_cookie(app: &App, name: &str) -> String {
    set_cookie(app, name, "", 0)
}
