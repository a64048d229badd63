use std::path::PathBuf;

use crate::config::{DataDir, Environment, Instance, Settings, SettingsError, env_vars};

/// Settings of one server, read once at start.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Name or address to listen on.
    pub host: String,
    /// 0 takes a free port.
    pub port: u16,
    pub data_dir: DataDir,
    pub env: Environment,
    pub instance: Instance,
    /// Show the cause in the body of a 500.
    pub debug: bool,
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
    #[error("{0}")]
    Variable(String),
    #[error("cannot find the path of the agnes program: {0}")]
    Program(std::io::Error),
}

impl ServerConfig {
    /// Reads `env`, the overlay file below its `DATA_DIR`, and `instance.yaml`.
    pub fn load(env: Environment) -> Result<Self, ConfigError> {
        let Settings { data_dir, env, instance } = Settings::load(env)?;
        Ok(Self {
            host: env.get(&env_vars::AGNES_HOST).unwrap_or("0.0.0.0").trim().to_owned(),
            port: env.number(&env_vars::AGNES_PORT, 8000).map_err(ConfigError::Variable)?,
            instance,
            debug: env.flag(&env_vars::DEBUG),
            build: Build::from_environment(&env),
            agnes_exe: std::env::current_exe().map_err(ConfigError::Program)?,
            data_dir,
            env,
        })
    }
}

impl Build {
    fn from_environment(env: &Environment) -> Self {
        let text = |var, default: &str| env.get(var).unwrap_or(default).trim().to_owned();
        Self {
            version: text(&env_vars::AGNES_VERSION, env!("CARGO_PKG_VERSION")),
            channel: text(&env_vars::RELEASE_CHANNEL, "dev"),
            image_tag: text(&env_vars::AGNES_TAG, "unknown"),
            commit_sha: text(&env_vars::AGNES_COMMIT_SHA, "unknown"),
        }
    }
}
