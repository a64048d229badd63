//! Settings of one server, read once at start.

mod accounts;
mod http;
mod proxies;

use std::path::PathBuf;
use std::sync::Arc;

pub use accounts::AccountSettings;
pub use http::{AllowedOrigins, HttpSettings, NO_ADDRESS, lacks_address};
pub use proxies::Proxies;

use crate::config::secrets::{ConfiguredKeys, KeyError};
use crate::config::{
    DataDir, Environment, GoogleGroups, Instance, InstanceFiles, Settings, SettingsError, WrongValue, env_vars,
};
use crate::connectors::{CurrentSources, Sources};
use crate::domain::own_files;
use crate::domain::saved_queries::Quotas;
use crate::openmetadata;
use crate::query::QuerySettings;
use crate::server::services::google::Google;
use crate::server::services::mail::Mailer;
use crate::sync::RunnerSettings;

#[derive(Clone)]
pub struct ServerSettings {
    /// Name or address to listen on.
    pub host: String,
    /// Whether it was configured.
    pub is_host_set: bool,
    /// 0 takes a free port.
    pub port: u16,
    pub data_dir: DataDir,
    /// As it was at start; `App::instance` has the changes that admins have made since.
    pub instance_at_start: Instance,
    pub instance_files: InstanceFiles,
    /// Whether a Keboola stack may be in a private network.
    pub allow_private_stack_url: bool,
    /// Where tables come from.
    pub sources: CurrentSources,
    pub sync: RunnerSettings,
    pub queries: QuerySettings,
    pub keys: ConfiguredKeys,
    pub accounts: AccountSettings,
    /// Whether attempts to sign in are limited.
    pub limits_attempts: bool,
    pub mail: Mailer,
    pub google: Arc<Google>,
    /// Where the company's catalog is, if it has one.
    pub openmetadata: Option<openmetadata::Settings>,
    pub http: HttpSettings,
    /// `SERVER_URL`, or else `https://DOMAIN`, without a trailing slash.
    pub public_url: Option<String>,
    /// Mail or Google is configured, and cannot be used: see [`NO_ADDRESS`].
    pub lacks_address: bool,
    pub google_groups: GoogleGroups,
    /// Address of the only user in `LOCAL_DEV_MODE`.
    pub developer: Option<String>,
    /// Maximum size of a file that is uploaded as a table.
    pub max_upload_bytes: u64,
    /// How much one person may save.
    pub saved_queries: Quotas,
    /// How much one person may send.
    pub own_files: own_files::Quotas,
    /// Retention of the access log; 0: it is off.
    pub access_log_days: u32,
    pub build: Build,
    /// Where the programs for other platforms are.
    pub cli_folder: Option<PathBuf>,
    /// Whether the running program may be installed from here.
    serves_itself: bool,
    /// The `agnes` program, for child processes.
    pub agnes_exe: PathBuf,
}

/// The running version, as shown by `/api/version`.
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
    Key(#[from] KeyError),
    #[error(transparent)]
    Variable(#[from] WrongValue),
    #[error("{0}")]
    Setting(String),
    #[error("cannot find the path of the program agnes: {0}")]
    Program(std::io::Error),
}

impl ServerSettings {
    /// The running program, if it may be installed from here.
    pub fn own_program(&self) -> Option<PathBuf> {
        self.serves_itself.then(|| self.agnes_exe.clone())
    }

    /// Reads `env`, the overlay file below its `DATA_DIR`, and `instance.yaml`.
    pub fn load(env: Environment) -> Result<Self, ConfigError> {
        let settings = Settings::load(env)?;
        let sources = CurrentSources::new(Sources::load(&settings));
        let sync = RunnerSettings::load(&settings)?;
        let Settings { data_dir, env, instance } = settings;
        let google_groups = GoogleGroups::of(&env);
        let developer =
            env.flag(&env_vars::LOCAL_DEV_MODE).then(|| env.text(&env_vars::LOCAL_DEV_USER_EMAIL).to_owned());
        let default_host = if developer.is_some() { "127.0.0.1" } else { env_vars::AGNES_HOST.default };
        let public_url = http::public_url(&env)?;
        Ok(Self {
            host: env.get(&env_vars::AGNES_HOST).unwrap_or(default_host).to_owned(),
            is_host_set: env.get(&env_vars::AGNES_HOST).is_some(),
            port: env.number(&env_vars::AGNES_PORT)?,
            sync,
            queries: QuerySettings::load(&env, &data_dir, sources.remote())?,
            sources,
            keys: ConfiguredKeys::load(&env)?,
            accounts: AccountSettings::load(&env)?,
            limits_attempts: env.flag(&env_vars::AGNES_AUTH_RATELIMIT_ENABLED),
            mail: Mailer::new(&env).map_err(ConfigError::Setting)?,
            google: Arc::new(Google::new(&env, &instance.auth, &google_groups).map_err(ConfigError::Setting)?),
            openmetadata: openmetadata::Settings::of(&instance.openmetadata).map_err(ConfigError::Setting)?,
            http: HttpSettings::load(&env, public_url.as_deref(), developer.is_some())?,
            google_groups,
            cli_folder: env.get(&env_vars::AGNES_CLI_DIST_DIR).map(PathBuf::from),
            serves_itself: env.flag(&env_vars::AGNES_CLI_SELF_SERVE),
            public_url,
            lacks_address: lacks_address(&env),
            developer,
            max_upload_bytes: env.number::<u64>(&env_vars::AGNES_UPLOAD_TABLE_MAX_MB)? * 1024 * 1024,
            saved_queries: Quotas::load(&env)?,
            own_files: own_files::Quotas::load(&env)?,
            access_log_days: env.number(&env_vars::AGNES_ACCESS_LOG_DAYS)?,
            build: Build::load(&env),
            agnes_exe: std::env::current_exe().map_err(ConfigError::Program)?,
            instance_files: InstanceFiles::new(&env, &data_dir),
            allow_private_stack_url: env.flag(&env_vars::AGNES_ALLOW_PRIVATE_STACK_URL),
            instance_at_start: instance,
            data_dir,
        })
    }
}

impl Build {
    fn load(env: &Environment) -> Self {
        let text = |var| env.text(var).to_owned();
        Self {
            version: env.get(&env_vars::AGNES_VERSION).unwrap_or(env!("CARGO_PKG_VERSION")).to_owned(),
            channel: text(&env_vars::RELEASE_CHANNEL),
            image_tag: text(&env_vars::AGNES_TAG),
            commit_sha: text(&env_vars::AGNES_COMMIT_SHA),
        }
    }
}
