//! Settings: `instance.yaml`, its overlay and the environment, read at start.

mod api;
pub(crate) mod auth;
mod data_dir;
pub(crate) mod env_overlay;
pub mod env_vars;
mod environment;
pub(crate) mod instance;
mod instance_files;
mod openmetadata;
mod profiler;
pub(crate) mod secrets;
mod value;

pub use api::ScanConfig;
pub use auth::GoogleGroups;
pub use data_dir::DataDir;
pub use environment::Environment;
pub use instance::{Instance, InstanceError};
pub use instance_files::{InstanceFiles, LoadedInstance};
pub use openmetadata::{Certificates, OpenMetadataConfig};
pub use profiler::ProfilerConfig;
pub use value::{Kind, WrongValue};

use std::path::PathBuf;

/// What every role of the program reads at start: the data directory, the environment with its overlay, and `instance.yaml`.
#[derive(Clone, Debug)]
pub struct Settings {
    pub data_dir: DataDir,
    pub env: Environment,
    pub instance: Instance,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("DATA_DIR {path} cannot be used: {source}")]
    DataDir { path: String, source: std::io::Error },
    #[error("cannot read {}: {source}", path.display())]
    Overlay { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Variable(#[from] WrongValue),
    #[error(transparent)]
    Instance(#[from] InstanceError),
}

impl Settings {
    /// Reads the settings; a wrong value of a variable is an error.
    pub fn load(env: Environment) -> Result<Self, SettingsError> {
        let settings = Self::load_unchecked(env)?;
        settings.env.check()?;
        Ok(settings)
    }

    /// Reads the settings for commands that must work beside a broken configuration, such as break-glass.
    pub fn load_unchecked(env: Environment) -> Result<Self, SettingsError> {
        let path = env.text(&env_vars::DATA_DIR).to_owned();
        let data_dir = DataDir::new(&path).map_err(|source| SettingsError::DataDir { path, source })?;
        let overlay = data_dir.env_overlay();
        let env = env.with_overlay(&overlay).map_err(|source| SettingsError::Overlay { path: overlay, source })?;
        let instance = Instance::load(&env, &data_dir)?;
        Ok(Self { data_dir, env, instance })
    }
}
