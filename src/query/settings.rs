use std::path::PathBuf;
use std::time::Duration;

use crate::config::{DataDir, Environment, WrongValue, env_vars};
use crate::engine;
use crate::extract::RemotePolicy;

#[derive(Clone, Debug)]
pub struct QuerySettings {
    /// Of each instance, as DuckDB writes it, e.g. `1GB`.
    pub memory: String,
    /// Of each instance.
    pub threads: usize,
    /// From the call to the answer, waiting included.
    pub timeout: Duration,
    /// Queries that may run at the same time.
    pub concurrency: usize,
    /// Queries that may wait beside those that run.
    pub max_waiting: usize,
    /// Directory for what does not fit in memory.
    pub spill: PathBuf,
    /// Directory of extensions; `None` is DuckDB's own.
    pub extensions: Option<PathBuf>,
    pub cached_instances: usize,
    /// How remote tables may be reached.
    pub remote: RemotePolicy,
}

impl QuerySettings {
    pub fn load(env: &Environment, data_dir: &DataDir, remote: RemotePolicy) -> Result<Self, WrongValue> {
        let concurrency: usize = env.number(&env_vars::AGNES_QUERY_CONCURRENCY)?;
        Ok(Self {
            memory: env.text(&env_vars::AGNES_QUERY_MEMORY).to_owned(),
            threads: env.number_if_set(&env_vars::AGNES_QUERY_THREADS)?.unwrap_or_else(engine::cores),
            timeout: env.duration(&env_vars::AGNES_QUERY_TIMEOUT)?,
            concurrency,
            max_waiting: concurrency * 8,
            spill: data_dir.spill(),
            extensions: env.get(&env_vars::AGNES_EXTENSION_DIR).map(Into::into),
            cached_instances: 8,
            remote,
        })
    }
}
