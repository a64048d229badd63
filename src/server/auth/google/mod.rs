//! Signing in with Google: OpenID Connect for who somebody is, the Directory API for the groups they are in.

pub mod callback;
pub mod directory;
mod http;
pub mod login;
mod logins;
mod oidc;
pub mod sync;

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use self::directory::Directory;
use self::http::Http;
use self::logins::Logins;
use self::oidc::Oidc;
use super::providers::Provider;
use crate::config::env_vars;
use crate::server::settings::ServerSettings;

pub const PROVIDER: Provider = Provider {
    name: "google",
    label: "Sign in with Google",
    path: "/auth/google/login",
    is_available: |app| app.google.oidc.is_some(),
};

/// Where Google sends people back to.
const CALLBACK: &str = "/auth/google/callback";
/// The cookie that names a sign-in that has begun.
const COOKIE: &str = "session";
/// Requests a minute of each of the two endpoints.
const PER_MINUTE: u32 = 30;

/// What the codes in `/login?error=` say.
mod code {
    pub const NOT_CONFIGURED: &str = "google_not_configured";
    pub const FAILED: &str = "oauth_failed";
    pub const NO_EMAIL: &str = "no_email";
    pub const DOMAIN: &str = "domain_not_allowed";
    pub const DEACTIVATED: &str = "deactivated";
    pub const GROUP: &str = "not_in_allowed_group";
    pub const GROUP_UNKNOWN: &str = "group_check_unavailable";
}

/// Everything about Google that requests share.
pub struct Google {
    /// `None` while no OAuth client is configured.
    oidc: Option<Oidc>,
    logins: Logins,
    pub directory: Directory,
}

impl Google {
    pub fn of(config: &ServerSettings) -> Result<Self, String> {
        let env = &config.env;
        let timeout = env.duration(&env_vars::AGNES_GOOGLE_TIMEOUT).map_err(|error| error.to_string())?;
        let http = Http::new(timeout);
        let oidc = Oidc::of(env, http.clone())?;
        if oidc.is_some() && config.instance.auth.domains().is_empty() {
            tracing::warn!(
                "everybody with a Google account can sign in; set auth.allowed_domains in instance.yaml to your domains"
            );
        }
        let directory = Directory::of(env, http, timeout);
        if oidc.is_some() && config.google_groups.prefix.is_some() && !directory.is_configured() {
            tracing::warn!(
                "AGNES_GOOGLE_GROUP_PREFIX refuses nobody while groups cannot be listed; set GOOGLE_ADMIN_SDK_SUBJECT"
            );
        }
        Ok(Self { oidc, logins: Logins::default(), directory })
    }
}

/// Back to the login page, which says what `code` means.
fn refusal(code: &'static str) -> Response {
    match HeaderValue::try_from(format!("/login?error={code}")) {
        Ok(location) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(error) => crate::server::ApiError::internal(error).into_response(),
    }
}
