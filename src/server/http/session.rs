//! The session cookie, and the responses that set it.

use axum::http::header::{ACCEPT, AUTHORIZATION, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use cookie::Cookie;
use serde::Serialize;

use super::extractors::Json;
use crate::access::SESSION_SECONDS;
use crate::domain;
use crate::domain::second_factor::Missing;
use crate::domain::sign_in::{Factor, SignInMethod, StartedSession, start_session};
use crate::protocol::auth::{LoginResponse, TokenResponse};
use crate::server::{ApiError, App};
use crate::store::audit::Origin;
use crate::store::users::Proved;

/// Name of the cookie that holds a session token; see [`hosted`].
const SESSION_COOKIE: &str = "access_token";

/// The bearer token. One that is not valid does not fall back to the session cookie; another scheme or a value that is not
/// text counts as none.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer.filter(|token| !token.is_empty())
}

/// A started session, ready to be sent to a client.
pub struct Session {
    started: StartedSession,
    cookie: String,
}

impl Session {
    pub fn new(app: &App, started: StartedSession) -> Self {
        Self { cookie: set_cookie(app, &hosted(app, SESSION_COOKIE), started.token.expose(), SESSION_SECONDS), started }
    }

    /// Starts a session for a user who has proved who they are. `code` is that of a second factor; wrong ones are counted.
    pub async fn start(
        app: &App,
        origin: Origin,
        user: Proved,
        method: SignInMethod,
        code: Option<String>,
    ) -> Result<Self, ApiError> {
        Ok(Self::begin(app, origin, user, method, code).await?.map_err(domain::Error::Lacks)?)
    }

    /// The same, for callers that ask for what is missing.
    pub async fn begin(
        app: &App,
        origin: Origin,
        user: Proved,
        method: SignInMethod,
        code: Option<String>,
    ) -> Result<Result<Self, Missing>, ApiError> {
        let (has_code, id) = (code.is_some(), user.id.clone());
        if has_code {
            app.limits.take_code_try(&id)?;
        }
        let begun = Self::with_factor(app, origin, user, method, Factor::Code(code)).await;
        if has_code && begun.is_ok() {
            app.limits.code_succeeded(&id);
        }
        match begun {
            Ok(session) => Ok(Ok(session)),
            Err(domain::Error::Lacks(missing)) => Ok(Err(missing)),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn with_factor(
        app: &App,
        origin: Origin,
        user: Proved,
        method: SignInMethod,
        factor: Factor,
    ) -> Result<Self, domain::Error> {
        let (keys, factors) = (app.authenticator.keys(), &app.second_factors);
        let started = start_session(&app.store, &keys, factors, origin, user, method, factor).await?;
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

    /// Adds the session to a response.
    pub fn attach(self, response: Response) -> Response {
        (AppendHeaders([(SET_COOKIE, self.cookie)]), response).into_response()
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

/// The name of a cookie that nobody but this server can set. Behind TLS it has the prefix `__Host-`, with which browsers
/// reject such a cookie of a neighboring domain or of a page without TLS.
pub fn hosted(app: &App, name: &str) -> String {
    if app.config.http.https { format!("__Host-{name}") } else { name.to_owned() }
}

/// The session token in the cookies. A cookie without the prefix still counts behind TLS if it holds a session that
/// began before sessions were recorded, which was before cookies got the prefix; the last of them ends after a day.
pub fn session_token<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    let earlier = || {
        let token = cookie(headers, SESSION_COOKIE)?;
        app.authenticator.is_unrecorded_session(&app.store.snapshot(), token).then_some(token)
    };
    cookie(headers, &hosted(app, SESSION_COOKIE)).or_else(|| if app.config.http.https { earlier() } else { None })
}

/// `Set-Cookie` headers that remove the session, under each of its names.
pub fn remove_session(app: &App) -> Vec<String> {
    let names = if app.config.http.https { vec![hosted(app, SESSION_COOKIE)] } else { Vec::new() };
    names.iter().map(String::as_str).chain([SESSION_COOKIE]).map(|name| remove_cookie(app, name)).collect()
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
