use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::config::ServerConfig;
use super::passwords::Passwords;
use crate::access::{Gate, Keys};
use crate::base::secret::Secret;
use crate::base::time;
use crate::config::{env_vars, secrets};
use crate::connectors::keboola;
use crate::engine::{self, Limits};
use crate::query::{QueryEngine, QueryError, QuerySettings};
use crate::store::{Facts, OpenError, Seeds, Store};
use crate::sync::{Orchestrator, Runner, RunnerSettings};

/// What handlers are given.
pub type AppState = Arc<App>;

/// Everything that requests share. Made once at start; handlers get it as [`AppState`].
pub struct App {
    pub config: ServerConfig,
    /// The state database, and its snapshot for reading.
    pub store: Store,
    /// Checks and issues tokens.
    pub gate: Gate,
    /// Hashes passwords, a few at a time.
    pub passwords: Passwords,
    /// What is published now.
    pub orchestrator: Arc<Orchestrator>,
    /// Runs syncs and rebuilds.
    pub runner: Arc<Runner>,
    /// Runs callers' SQL.
    pub queries: QueryEngine,
    /// When this process started.
    pub started_at: Timestamp,
}

/// Why the server does not start. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("cannot read or write the signing key in DATA_DIR/state: {0}")]
    Key(std::io::Error),
    #[error("{0}")]
    Variable(String),
    #[error("cannot hash SEED_ADMIN_PASSWORD: {0}")]
    Seed(#[from] crate::access::password::PasswordError),
    #[error("cannot start the query engine: {0}")]
    Queries(#[from] QueryError),
}

impl App {
    /// Takes the data directory, migrates it, and loads what was last published. Blocks.
    pub fn open(config: ServerConfig) -> Result<AppState, StartError> {
        let store = Store::open(&config.data_dir, &Facts::of(&config.instance, &config.env), &seeds(&config)?)?;
        // What a killed server left; nothing else uses it once the lock is ours.
        if let Err(error) = std::fs::remove_dir_all(config.data_dir.spill())
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "cannot clear the spill directory");
        }
        let key = secrets::jwt_key(&config.env, &config.data_dir).map_err(StartError::Key)?;
        let orchestrator = Arc::new(Orchestrator::open(
            config.data_dir.clone(),
            Limits::for_parquet(&config.env, config.data_dir.spill()),
        ));
        let runner = Runner::new(store.clone(), Arc::clone(&orchestrator), runner_settings(&config)?);
        let app = Self {
            gate: Gate::new(Keys::new(&key), scheduler_token(&config)),
            passwords: Passwords::default(),
            queries: QueryEngine::new(query_settings(&config)?)?,
            started_at: time::now(),
            orchestrator,
            runner,
            store,
            config,
        };
        if !app.store.snapshot().users.any_password() {
            tracing::warn!("nobody has a password: POST /auth/bootstrap makes the first admin; do that now");
        }
        Ok(Arc::new(app))
    }
}

fn seeds(config: &ServerConfig) -> Result<Seeds, StartError> {
    let admin_email = config.env.get(&env_vars::SEED_ADMIN_EMAIL).map(|email| email.trim().to_owned());
    let password = config.env.get(&env_vars::SEED_ADMIN_PASSWORD).filter(|_| admin_email.is_some());
    let admin_password_hash = password.map(crate::access::password::hash).transpose()?;
    Ok(Seeds { admin_email, admin_password_hash, scheduler: scheduler_token(config).is_some() })
}

/// The scheduler's secret, unless it is too short to be one.
fn scheduler_token(config: &ServerConfig) -> Option<Secret> {
    let token = config.env.secret(&env_vars::SCHEDULER_API_TOKEN)?;
    if token.expose().len() < 32 {
        tracing::warn!("SCHEDULER_API_TOKEN is shorter than 32 characters and is ignored");
        return None;
    }
    Some(token)
}

fn runner_settings(config: &ServerConfig) -> Result<RunnerSettings, StartError> {
    let seconds = config.env.bounded(&env_vars::AGNES_EXTRACT_TIMEOUT, 1800, WEEK).map_err(StartError::Variable)?;
    Ok(RunnerSettings {
        program: config.agnes_exe.clone(),
        environment: config.env.clone(),
        data_dir: config.data_dir.clone(),
        files_folder: config.instance.files_folder(&config.env, &config.data_dir),
        credentials: keboola_credentials(config),
        extract_timeout: Duration::from_secs(seconds),
    })
}

/// As this process resolves them: extractors see neither `${NAME}` of instance.yaml nor the server's other variables.
fn keboola_credentials(config: &ServerConfig) -> Vec<(&'static str, Secret)> {
    match keboola::Settings::resolve(&config.instance, &config.env) {
        Ok(settings) => vec![
            (env_vars::KEBOOLA_STACK_URL.name, Secret::new(settings.stack_url)),
            (env_vars::KEBOOLA_STORAGE_TOKEN.name, settings.token),
        ],
        // Not configured; the extractor says so if it is asked to run.
        Err(_) => Vec::new(),
    }
}

fn query_settings(config: &ServerConfig) -> Result<QuerySettings, StartError> {
    let number = |var, default, most| config.env.bounded(var, default, most).map_err(StartError::Variable);
    let concurrency = number(&env_vars::AGNES_QUERY_CONCURRENCY, 4, 256)? as usize;
    Ok(QuerySettings {
        memory: config.env.get(&env_vars::AGNES_QUERY_MEMORY).unwrap_or("1GB").to_owned(),
        threads: number(&env_vars::AGNES_QUERY_THREADS, engine::cores() as u64, 1024)? as usize,
        timeout: Duration::from_secs(number(&env_vars::AGNES_QUERY_TIMEOUT, 300, WEEK)?),
        concurrency,
        queue: concurrency * 8,
        spill: config.data_dir.spill(),
        extensions: config.env.get(&env_vars::AGNES_EXTENSION_DIR).map(Into::into),
        cached_instances: 8,
    })
}

/// The longest deadline, in seconds.
const WEEK: u64 = 7 * 86_400;
