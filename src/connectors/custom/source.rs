//! A custom connector as a source: one of this name is there as long as its folder is.

use std::path::PathBuf;

use super::Settings;
use crate::config::{self, Environment, WrongValue, env_vars};
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
pub fn folder(env: &Environment) -> PathBuf {
    env.text(&env_vars::CONNECTORS_DIR).into()
}

impl Settings {
    pub fn load(settings: &config::Settings) -> Result<Self, WrongValue> {
        let env = &settings.env;
        Ok(Self {
            data_dir: settings.data_dir.clone(),
            environment: env.for_connectors(),
            python: env.text(&env_vars::AGNES_PYTHON).into(),
            timeout: env.duration(&env_vars::AGNES_CONNECTOR_TIMEOUT)?,
            limits: Limits::for_parquet(env, settings.data_dir.spill()),
        })
    }
}
