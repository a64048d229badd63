//! The ways in. Codes in `error`, `err` and `msg` become texts here; nothing of the address is shown as it stands.

use axum::extract::State;
use axum::response::Response;
use minijinja::context;
use serde::Deserialize;

use super::render::page;
use crate::server::auth::providers::PROVIDERS;
use crate::server::auth::{links, next};
use crate::server::http::extractors::Query;
use crate::server::http::extractors::principal::MaybePrincipal;
use crate::server::http::session::redirect;
use crate::server::{ApiError, AppState};

#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    next: String,
    #[serde(default)]
    error: String,
    /// Older name of `error`, used for failures on our side.
    #[serde(default)]
    err: String,
    #[serde(default)]
    msg: String,
}

impl Asked {
    fn error(&self) -> &'static str {
        match (self.error.as_str(), self.err.as_str()) {
            ("", "") => "",
            ("invalid", _) => "The address or the password is wrong.",
            ("deactivated", _) => "This account is deactivated. Ask an administrator.",
            ("invalid_link", _) => "This link is wrong, used or expired. Ask for a new one.",
            ("google_not_configured", _) => "Sign-in with Google is not set up on this server.",
            ("oauth_failed", _) => "Sign-in with Google did not work. Try again.",
            ("no_email", _) => "Google did not tell your address, so you cannot be signed in.",
            ("domain_not_allowed", _) => "Accounts of your domain may not sign in here.",
            ("not_in_allowed_group", _) => "You are in none of the groups that may sign in here. Ask an administrator.",
            ("group_check_unavailable", _) => "Your groups could not be checked. Try again later.",
            (_, "auth_internal") => "Something went wrong on our side. Try again, or ask an administrator.",
            _ => "You could not be signed in. Try again.",
        }
    }

    fn message(&self, is_signed_in: bool) -> &'static str {
        match self.msg.as_str() {
            "password_reset" if is_signed_in => "Your password is changed, and you are signed in.",
            "password_reset" => "Your password is changed. Sign in with it.",
            _ => "",
        }
    }

    /// `?next=…` for links, or nothing.
    fn suffix(&self) -> String {
        next::safe(&self.next).map(|next| format!("?next={}", links::encode(&next))).unwrap_or_default()
    }
}

/// `GET /login`: one button for each way in.
pub async fn choose(
    State(app): State<AppState>,
    MaybePrincipal(caller): MaybePrincipal,
    Query(asked): Query<Asked>,
) -> Result<Response, ApiError> {
    let next = next::safe(&asked.next);
    // In development mode everybody is signed in.
    if app.config.developer.is_some() && caller.is_some() {
        return Ok(redirect(next.as_deref().unwrap_or("/dashboard")));
    }
    let providers: Vec<_> = PROVIDERS
        .iter()
        .filter(|provider| (provider.is_available)(&app))
        .map(|provider| {
            let href = format!("{}{}", provider.path, asked.suffix());
            context! { name => provider.name, label => provider.label, href }
        })
        .collect();
    let message = asked.message(caller.is_some());
    page(&app, "login.html", context! { providers, error => asked.error(), message })
}

/// `GET /login/password`: sign in, forgot it, or have none yet.
pub async fn password(
    State(app): State<AppState>,
    MaybePrincipal(caller): MaybePrincipal,
    Query(asked): Query<Asked>,
) -> Result<Response, ApiError> {
    let values = context! {
        error => asked.error(),
        message => asked.message(caller.is_some()),
        is_signed_in => caller.is_some(),
        next => next::safe(&asked.next).unwrap_or_default(),
        others => format!("/login{}", asked.suffix()),
    };
    page(&app, "login_password.html", values)
}

/// `GET /login/email`: ask for a link.
pub async fn email(State(app): State<AppState>, Query(asked): Query<Asked>) -> Result<Response, ApiError> {
    let values = context! {
        error => asked.error(),
        is_available => links::can_send(&app),
        next => next::safe(&asked.next).unwrap_or_default(),
        others => format!("/login{}", asked.suffix()),
    };
    page(&app, "login_email.html", values)
}
