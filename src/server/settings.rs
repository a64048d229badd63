use std::path::PathBuf;

use url::Url;

use super::http::frame::Frame;
use super::http::middleware::caller::Proxies;
use super::http::middleware::cross_site::Pages;
use crate::config::{DataDir, Environment, GoogleGroups, Instance, Settings, SettingsError, WrongValue, env_vars};
use crate::connectors::Sources;

/// Settings of one server, read once at start.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Name or address to listen on.
    pub host: String,
    /// 0 takes a free port.
    pub port: u16,
    pub data_dir: DataDir,
    pub env: Environment,
    pub instance: Instance,
    /// Where tables come from.
    pub sources: Sources,
    /// Proxies, origins and headers.
    pub frame: Frame,
    /// `SERVER_URL`, else `https://DOMAIN`, without a slash at the end.
    pub public_url: Option<String>,
    pub google_groups: GoogleGroups,
    /// Address of the one user of `LOCAL_DEV_MODE`.
    pub developer: Option<String>,
    /// Maximum size of a file that is uploaded as a table.
    pub max_upload_bytes: u64,
    pub build: Build,
    /// The `agnes` program, for child processes.
    pub agnes_exe: PathBuf,
}

/// What is running, as `/api/version` tells it.
#[derive(Clone, Debug)]
pub struct Build {
    pub version: String,
    pub channel: String,
    pub image_tag: String,
    pub commit_sha: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Variable(#[from] WrongValue),
    #[error("{0}")]
    Setting(String),
    #[error("cannot find the path of the agnes program: {0}")]
    Program(std::io::Error),
}

impl ServerSettings {
    /// Reads `env`, the overlay file below its `DATA_DIR`, and `instance.yaml`.
    pub fn load(env: Environment) -> Result<Self, ConfigError> {
        let settings = Settings::load(env)?;
        let sources = Sources::load(&settings);
        let Settings { data_dir, env, instance } = settings;
        let developer =
            env.flag(&env_vars::LOCAL_DEV_MODE).then(|| env.text(&env_vars::LOCAL_DEV_USER_EMAIL).to_owned());
        let everywhere = if developer.is_some() { "127.0.0.1" } else { env_vars::AGNES_HOST.default };
        let public_url = public_url(&env)?;
        Ok(Self {
            host: env.get(&env_vars::AGNES_HOST).unwrap_or(everywhere).to_owned(),
            port: env.number(&env_vars::AGNES_PORT)?,
            instance,
            sources,
            frame: frame(&env, public_url.as_deref(), developer.is_some())?,
            google_groups: GoogleGroups::of(&env),
            public_url,
            developer,
            max_upload_bytes: env.number::<u64>(&env_vars::AGNES_UPLOAD_TABLE_MAX_MB)? * 1024 * 1024,
            build: Build::from_environment(&env),
            agnes_exe: std::env::current_exe().map_err(ConfigError::Program)?,
            data_dir,
            env,
        })
    }
}

/// Where people reach the server, if that is configured.
fn public_url(env: &Environment) -> Result<Option<String>, ConfigError> {
    let domain = env.get(&env_vars::DOMAIN).map(|domain| format!("https://{}", domain));
    let Some(text) = env.get(&env_vars::SERVER_URL).map(str::to_owned).or(domain) else { return Ok(None) };
    let text = text.trim().trim_end_matches('/');
    match Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.has_host() => Ok(Some(text.to_owned())),
        _ => Err(ConfigError::Setting(format!(
            "SERVER_URL or DOMAIN: '{text}' is no address; write SERVER_URL=https://agnes.example.com"
        ))),
    }
}

fn frame(env: &Environment, public_url: Option<&str>, is_dev: bool) -> Result<Frame, ConfigError> {
    let proxies = Proxies::parse(env.get(&env_vars::FORWARDED_ALLOW_IPS).unwrap_or_default());
    let origins = env.text(&env_vars::CORS_ORIGINS);
    let origins: Vec<&str> = origins
        .split(',')
        .map(|origin| origin.trim().trim_end_matches('/'))
        .filter(|origin| !origin.is_empty())
        .collect();
    if origins.contains(&"*") {
        let text = "CORS_ORIGINS: * would let every page act for whoever looks at it; name the origins instead";
        return Err(ConfigError::Setting(text.into()));
    }
    let parsed = origins.iter().map(|origin| origin.parse()).collect::<Result<_, _>>();
    Ok(Frame {
        debug: env.flag(&env_vars::DEBUG),
        proxies: proxies.map_err(ConfigError::Setting)?,
        cors: parsed.map_err(|_| ConfigError::Setting("CORS_ORIGINS must be a comma list of origins".into()))?,
        pages: Pages {
            allowed: origins.into_iter().chain(public_url).map(str::to_owned).collect(),
            loopback_only: is_dev && !env.flag(&env_vars::LOCAL_DEV_ALLOW_ANY_HOST),
        },
        https: env.get(&env_vars::DOMAIN).is_some(),
    })
}

impl Build {
    fn from_environment(env: &Environment) -> Self {
        let text = |var| env.text(var).to_owned();
        Self {
            version: env.get(&env_vars::AGNES_VERSION).unwrap_or(env!("CARGO_PKG_VERSION")).to_owned(),
            channel: text(&env_vars::RELEASE_CHANNEL),
            image_tag: text(&env_vars::AGNES_TAG),
            commit_sha: text(&env_vars::AGNES_COMMIT_SHA),
        }
    }
}
