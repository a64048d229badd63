//! Settings: `instance.yaml`, its overlay and the environment, read once at start.

pub(crate) mod auth;
mod data_dir;
pub mod env_vars;
mod environment;
pub(crate) mod instance;
mod profiler;
pub(crate) mod secrets;
mod settings;
mod value;

pub use auth::GoogleGroups;
pub use data_dir::DataDir;
pub use environment::Environment;
pub use instance::Instance;
pub use profiler::ProfilerConfig;
pub use settings::{Settings, SettingsError};
pub use value::{Kind, WrongValue};
