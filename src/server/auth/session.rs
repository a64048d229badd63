use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};

use crate::access::is_admin;
use crate::config::env_vars;
use crate::protocol::auth::TokenResponse;
use crate::server::extractors::Json;
use crate::server::{ApiError, AppState};

/// Opens a session for a user: the token in the body, and as a cookie for browsers.
pub fn open(app: &AppState, user_id: &str) -> Result<Response, ApiError> {
    let snapshot = app.store.snapshot();
    let user = snapshot.users.get(user_id).ok_or_else(|| ApiError::unauthorized("User not found"))?;
    let issued = app.gate.keys.issue_session(&user.id, &user.email).map_err(ApiError::internal)?;
    let secure = if app.config.env.get(&env_vars::DOMAIN).is_some() { "; Secure" } else { "" };
    let token = issued.token.expose();
    let cookie = format!("access_token={token}; HttpOnly; Max-Age=86400; Path=/; SameSite=lax{secure}");
    let body = TokenResponse {
        access_token: token.to_owned(),
        token_type: "bearer".into(),
        user_id: user.id.clone(),
        email: user.email.clone(),
        role: role(is_admin(&snapshot, &user.id)).into(),
    };
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(body)).into_response())
}

/// A label only; what a user may do follows from groups and grants.
pub fn role(is_admin: bool) -> &'static str {
    if is_admin { "admin" } else { "user" }
}
