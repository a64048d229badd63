//! Settings of syncs and queries.

use super::ServerSettings;
use crate::config::{WrongValue, env_vars};
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
            sources: self.sources.clone(),
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
        RemotePolicy::new(&self.env, &self.sources.attachments())
    }
}
