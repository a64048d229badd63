//! Settings of syncs and queries.

use url::Url;

use super::ServerSettings;
use crate::base::secret::Secret;
use crate::config::{WrongValue, env_vars};
use crate::connectors::keboola;
use crate::engine::Limits;
use crate::extract::RemotePolicy;
use crate::query::QuerySettings;
use crate::sync::RunnerSettings;

impl ServerSettings {
    pub fn runner(&self) -> Result<RunnerSettings, WrongValue> {
        Ok(RunnerSettings {
            program: self.agnes_exe.clone(),
            environment: self.env.clone(),
            data_dir: self.data_dir.clone(),
            files_folder: self.instance.files_folder(&self.data_dir),
            connectors_folder: self.env.text(&env_vars::CONNECTORS_DIR).into(),
            credentials: self.keboola_credentials(),
            extract_timeout: self.env.duration(&env_vars::AGNES_EXTRACT_TIMEOUT)?,
            reserve: self.env.disk_reserve()?,
            history_days: self.env.number(&env_vars::AGNES_HISTORY_DAYS)?,
            profiler: self.instance.profiler.clone(),
            limits: self.engine_limits(),
        })
    }

    pub fn queries(&self) -> Result<QuerySettings, WrongValue> {
        QuerySettings::load(&self.env, &self.data_dir, self.remote_policy())
    }

    /// What reading and writing parquet may use.
    pub fn engine_limits(&self) -> Limits {
        Limits::for_parquet(&self.env, self.data_dir.spill())
    }

    /// Which sources may be attached, and with which tokens.
    pub fn remote_policy(&self) -> RemotePolicy {
        let stack = keboola::Settings::resolve(&self.instance, &self.env).ok().map(|keboola| keboola.stack_url);
        RemotePolicy::new(&self.env, stack.as_ref().map(Url::as_str))
    }

    /// As this process resolves them: extractors see neither `${NAME}` of instance.yaml nor the server's other
    /// variables.
    fn keboola_credentials(&self) -> Vec<(&'static str, Secret)> {
        match keboola::Settings::resolve(&self.instance, &self.env) {
            Ok(settings) => vec![
                (env_vars::KEBOOLA_STACK_URL.name, Secret::new(settings.stack_url)),
                (env_vars::KEBOOLA_STORAGE_TOKEN.name, settings.token),
            ],
            // Not configured; the extractor reports that when it runs.
            Err(_) => Vec::new(),
        }
    }
}
