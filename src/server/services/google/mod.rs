//! The client side of Google: OpenID Connect for identities, the Directory API for groups.

mod directory;
mod http;
mod oidc;
mod pending;

pub use self::directory::Directory;
use self::http::Http;
pub use self::oidc::Oidc;
pub use self::pending::{PENDING_COOKIE, PENDING_TIMEOUT, PendingSignIn, PendingSignIns};
use crate::config::auth::Auth;
use crate::config::{Environment, GoogleGroups, env_vars};

/// Everything about Google that requests share.
pub struct Google {
    /// `None` if no OAuth client is configured.
    pub oidc: Option<Oidc>,
    pub pending: PendingSignIns,
    pub directory: Directory,
}

impl Google {
    pub fn new(env: &Environment, auth: &Auth, groups: &GoogleGroups) -> Result<Self, String> {
        let timeout = env.duration(&env_vars::AGNES_GOOGLE_TIMEOUT).map_err(|error| error.to_string())?;
        let http = Http::new(timeout);
        let oidc = Oidc::new(env, http.clone())?;
        if oidc.is_some() && auth.domains().is_empty() {
            tracing::warn!(
                "everybody with a Google account can sign in; set auth.allowed_domains in instance.yaml to your domains"
            );
        }
        let directory = Directory::new(env, http, timeout)?;
        if oidc.is_some() && groups.prefix.is_some() && !directory.is_configured() {
            tracing::warn!(
                "AGNES_GOOGLE_GROUP_PREFIX has no effect while groups cannot be listed; set GOOGLE_ADMIN_SDK_SUBJECT"
            );
        }
        Ok(Self { oidc, pending: PendingSignIns::default(), directory })
    }
}
