//! Signing in with a mailed link.

pub mod send;
pub mod verify;

use crate::domain::sign_in::sign_in_with_link;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, App};
use crate::store::audit::Origin;

/// One window for all ways to request a link, and one for all ways to use it.
pub const SEND_RULE: Rule = Rule { path: "/auth/email/send-link", per_minute: 5 };
pub const VERIFY_RULE: Rule = Rule { path: "/auth/email/verify", per_minute: 10 };

/// Consumes the token and starts a session; `None` if the token is not valid.
pub async fn sign_in(app: &App, origin: Origin, email: String, token: String) -> Result<Option<Session>, ApiError> {
    let (auth, keys) = (&app.config.instance.auth, app.authenticator.keys());
    let started = sign_in_with_link(&app.store, auth, &keys, origin, email, token).await?;
    Ok(started.map(|started| Session::new(app, started)))
}

pub fn refused() -> ApiError {
    ApiError::unauthorized("Invalid or expired link")
}
