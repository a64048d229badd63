//! A custom connector as a source: one of this name is there as long as its folder is.

use super::Settings;
use crate::config::{self, Environment, env_vars};
use crate::connectors::{Extraction, Source};
use crate::engine::Limits;
use crate::protocol::vocabulary::SourceType;

#[derive(Debug)]
pub struct CustomSource {
    kind: SourceType,
    extraction: Extraction,
}

impl CustomSource {
    /// The connector of that name, which sees at most what `allowed` says; of that its program gets to see
    /// [`Environment::for_connectors`].
    pub fn new(name: String, allowed: &Extraction) -> Self {
        let variables = ["CONNECTORS_*", "AGNES_PYTHON", "AGNES_CONNECTOR_TIMEOUT"].map(str::to_owned).into();
        let extraction = Extraction { variables, ..Extraction::new(["custom".into(), name.clone().into()]) };
        Self { kind: name.into(), extraction: extraction.seeing(allowed) }
    }
}

impl Source for CustomSource {
    fn kind(&self) -> SourceType {
        self.kind.clone()
    }

    fn extraction(&self) -> Extraction {
        self.extraction.clone()
    }
}

/// Where custom connectors are.
pub fn folder(env: &Environment) -> std::path::PathBuf {
    env.get(&env_vars::CONNECTORS_DIR).unwrap_or("connectors/custom").into()
}

impl Settings {
    pub fn load(settings: &config::Settings) -> Result<Self, String> {
        let env = &settings.env;
        let seconds = env.bounded(&env_vars::AGNES_CONNECTOR_TIMEOUT, 600, 86_400)?;
        Ok(Self {
            data_dir: settings.data_dir.clone(),
            environment: env.for_connectors(),
            python: env.get(&env_vars::AGNES_PYTHON).unwrap_or("python3").into(),
            timeout: std::time::Duration::from_secs(seconds),
            limits: Limits::for_parquet(env, settings.data_dir.spill()),
        })
    }
}
