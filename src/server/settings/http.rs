use axum::http::HeaderValue;
use url::Url;

use super::{ConfigError, Proxies};
use crate::config::env_vars::EnvVar;
use crate::config::{Environment, env_vars};
use crate::server::services::connections::ConnectionLimits;

/// Proxies, origins and headers.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// A 500 shows its cause.
    pub debug: bool,
    /// There is a page for finding mistakes of a sign-in.
    pub debug_auth: bool,
    pub proxies: Proxies,
    /// Other origins whose pages may read responses.
    pub cors: Vec<HeaderValue>,
    pub origins: AllowedOrigins,
    /// The server is reached over https only.
    pub https: bool,
    pub connections: ConnectionLimits,
    /// What browsers are told about https, in responses to requests over https.
    pub strict_transport: Option<&'static str>,
}

/// The pages that may use this server.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins {
    /// Origins such as `https://agnes.example.com`: the server's own public ones, and those of `CORS_ORIGINS`.
    pub listed: Vec<String>,
    /// In development mode nobody signs in, so a page whose host name resolves to this machine must be rejected.
    pub loopback_only: bool,
}

impl HttpSettings {
    pub(super) fn load(env: &Environment, public_url: Option<&str>, is_dev: bool) -> Result<Self, ConfigError> {
        let proxies = Proxies::parse(env.get(&env_vars::FORWARDED_ALLOW_IPS).unwrap_or_default());
        let origins: Vec<&str> = env
            .text(&env_vars::CORS_ORIGINS)
            .split(',')
            .map(|origin| origin.trim().trim_end_matches('/'))
            .filter(|origin| !origin.is_empty())
            .collect();
        if origins.contains(&"*") {
            let text = "CORS_ORIGINS: * would let every page act on behalf of its visitors; list the origins instead";
            return Err(ConfigError::Setting(text.into()));
        }
        let cors = origins.iter().map(|origin| origin.parse()).collect::<Result<_, _>>();
        Ok(Self {
            debug: env.flag(&env_vars::DEBUG),
            debug_auth: env.flag(&env_vars::AGNES_DEBUG_AUTH),
            proxies: proxies.map_err(ConfigError::Setting)?,
            cors: cors.map_err(|_| ConfigError::Setting("CORS_ORIGINS must be a comma list of origins".into()))?,
            origins: AllowedOrigins {
                listed: origins.into_iter().chain(public_url).map(str::to_owned).collect(),
                loopback_only: is_dev && !env.flag(&env_vars::LOCAL_DEV_ALLOW_ANY_HOST),
            },
            https: env.get(&env_vars::DOMAIN).is_some() || public_url.is_some_and(|url| url.starts_with("https://")),
            strict_transport: match env.text(&env_vars::AGNES_HSTS) {
                "subdomains" => Some("max-age=31536000; includeSubDomains"),
                "off" => None,
                _ => Some("max-age=31536000"),
            },
            connections: ConnectionLimits {
                max: env.number(&env_vars::AGNES_MAX_CONNECTIONS)?,
                max_strangers: env.number(&env_vars::AGNES_MAX_CONNECTIONS_PER_ADDRESS)?,
            },
        })
    }
}

/// The configured URL of the server, without a trailing slash.
pub(super) fn public_url(env: &Environment) -> Result<Option<String>, ConfigError> {
    let domain = env.get(&env_vars::DOMAIN).map(|domain| format!("https://{domain}"));
    let Some(text) = env.get(&env_vars::SERVER_URL).map(str::to_owned).or(domain) else { return Ok(None) };
    let text = text.trim().trim_end_matches('/');
    match Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.has_host() => Ok(Some(text.to_owned())),
        _ => Err(ConfigError::Setting(format!(
            "SERVER_URL or DOMAIN: '{text}' is not a valid address; write SERVER_URL=https://agnes.example.com"
        ))),
    }
}

/// For the operator.
pub const NO_ADDRESS: &str = "mail or Google is configured, but the address of this server is not, so no links are mailed \
    and nobody can sign in with a link or with Google; set SERVER_URL to the public address";

/// Returns whether links to this server are needed, and its address is not configured.
pub fn lacks_address(env: &Environment) -> bool {
    let needs = [&env_vars::SENDGRID_API_KEY, &env_vars::SMTP_HOST, &env_vars::GOOGLE_CLIENT_ID];
    let has = [&env_vars::SERVER_URL, &env_vars::DOMAIN];
    let is_set = |var: &&EnvVar| env.get(var).is_some();
    needs.iter().any(is_set) && !has.iter().any(is_set) && !env.flag(&env_vars::LOCAL_DEV_MODE)
}
