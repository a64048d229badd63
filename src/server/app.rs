use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::services::google::Google;
use super::services::limits::Limits;
use super::services::mail::Mailer;
use super::services::passwords::Passwords;
use super::services::refusals::Refusals;
use super::services::token_uses::TokenUses;
use super::settings::ServerSettings;
use crate::access::{Authenticator, Keys};
use crate::base::secret::Secret;
use crate::base::{atomic_file, random, time};
use crate::config::{WrongValue, env_vars, secrets};
use crate::engine::Limits as EngineLimits;
use crate::extract::RemotePolicy;
use crate::query::{QueryEngine, QueryError, QuerySettings};
use crate::store::{Developer, MigrationContext, OpenError, Seeds, Store};
use crate::sync::{Assets, Merged, Orchestrator, Runner, RunnerSettings};

/// What handlers are given.
pub type AppState = Arc<App>;

/// Everything that requests share. Made once at start; handlers get it as [`AppState`].
pub struct App {
    pub config: ServerSettings,
    /// The state database, and its snapshot for reading.
    pub store: Store,
    /// Checks and issues tokens.
    pub authenticator: Authenticator,
    /// Hashes passwords, a few at a time.
    pub passwords: Passwords,
    /// How often somebody may try.
    pub limits: Limits,
    /// A hash that no password fits, for accounts that are not there.
    pub no_password: Secret,
    /// Sends links to people.
    pub mail: Mailer,
    /// When personal tokens were last used.
    pub token_uses: TokenUses,
    /// Which refusals were recorded lately.
    pub refusals: Refusals,
    /// Signing in with Google, and groups from there.
    pub google: Google,
    /// What is published now.
    pub orchestrator: Arc<Orchestrator>,
    /// What the manifest tells beside tables.
    pub assets: Assets,
    /// Puts tables in parts together.
    pub merged: Merged,
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
    #[error(transparent)]
    Key(#[from] secrets::KeyError),
    #[error(
        "LOCAL_DEV_MODE lets everybody in as an admin, so it runs on a loopback address and without DOMAIN only; \
         unset it, or set AGNES_HOST=127.0.0.1 (LOCAL_DEV_ALLOW_ANY_HOST=1 allows other addresses)"
    )]
    DevMode,
    #[error(transparent)]
    Variable(#[from] WrongValue),
    #[error("{0}")]
    Setting(String),
    #[error("cannot hash a password: {0}")]
    Seed(#[from] crate::access::password::PasswordError),
    #[error("cannot start the query engine: {0}")]
    Queries(#[from] QueryError),
}

impl App {
    /// Takes the data directory, migrates it, and loads what was last published. Blocks.
    pub fn open(config: ServerSettings) -> Result<AppState, StartError> {
        check_dev_mode(&config)?;
        let store = Store::open(&config.data_dir, &MigrationContext::of(&config.instance), &seeds(&config)?)?;
        // What a killed server left; nothing else uses it once the lock is ours.
        for left in [config.data_dir.spill(), config.data_dir.staging()] {
            if let Err(error) = atomic_file::remove_directory(&left) {
                tracing::warn!(directory = %left.display(), %error, "cannot be cleared");
            }
        }
        let keys = secrets::signing_keys(&config.env, &config.data_dir)?;
        let limits = EngineLimits::for_parquet(&config.env, config.data_dir.spill());
        let orchestrator = Orchestrator::open(config.data_dir.clone(), limits.clone())
            .with_sources(config.sources.clone(), remote_policy(&config));
        let orchestrator = Arc::new(orchestrator);
        let runner = Runner::new(store.clone(), Arc::clone(&orchestrator), runner_settings(&config)?);
        tracing::info!("{}", remote_policy(&config).describe());
        let mail = Mailer::new(&config.env).map_err(StartError::Setting)?;
        if mail.is_configured() && config.public_url.is_none() {
            tracing::warn!("mailed links lead to the host that a request names; set SERVER_URL to the public address");
        }
        let app = Self {
            mail,
            authenticator: Authenticator::new(Keys::new(&keys), scheduler_token(&config), config.developer.clone()),
            passwords: Passwords::default(),
            limits: Limits::new(config.env.flag(&env_vars::AGNES_AUTH_RATELIMIT_ENABLED)),
            no_password: crate::access::password::hash(&random::hex(16))?,
            token_uses: TokenUses::default(),
            refusals: Refusals::default(),
            google: Google::new(&config).map_err(StartError::Setting)?,
            queries: QueryEngine::new(QuerySettings::load(&config.env, &config.data_dir, remote_policy(&config))?)?,
            started_at: time::now(),
            assets: Assets::default(),
            merged: Merged::new(config.data_dir.merged(), limits),
            orchestrator,
            runner,
            store,
            config,
        };
        if app.config.developer.is_none() && !app.store.snapshot().users.any_password() {
            tracing::warn!("nobody has a password: POST /auth/bootstrap makes the first admin; do that now");
        }
        Ok(Arc::new(app))
    }
}

/// Whoever reaches a server in development mode is an admin.
fn check_dev_mode(config: &ServerSettings) -> Result<(), StartError> {
    let Some(email) = &config.developer else { return Ok(()) };
    let is_loopback = config.host == "localhost" || config.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let is_allowed = is_loopback || config.env.flag(&env_vars::LOCAL_DEV_ALLOW_ANY_HOST);
    if config.frame.https || !is_allowed {
        return Err(StartError::DevMode);
    }
    tracing::warn!(user = email, "LOCAL_DEV_MODE: every request is made by this admin, without signing in");
    Ok(())
}

/// Names of the developer's groups. A list that cannot be read is ignored, with a warning.
fn developer_groups(config: &ServerSettings) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Group {
        id: String,
        name: Option<String>,
    }
    let Some(text) = config.env.get(&env_vars::LOCAL_DEV_GROUPS) else { return Vec::new() };
    match serde_json::from_str::<Vec<Group>>(text) {
        Ok(groups) => groups.into_iter().map(|group| group.name.unwrap_or(group.id)).collect(),
        Err(error) => {
            tracing::warn!(%error, "LOCAL_DEV_GROUPS is no list of groups like [{{\"id\": \"analysts\"}}] and is ignored");
            Vec::new()
        }
    }
}

fn seeds(config: &ServerSettings) -> Result<Seeds, StartError> {
    let admin_email = config.env.get(&env_vars::SEED_ADMIN_EMAIL).map(|email| email.trim().to_owned());
    let password = config.env.named(env_vars::SEED_ADMIN_PASSWORD.name).filter(|_| admin_email.is_some());
    let admin_password_hash = password.map(crate::access::password::hash).transpose()?;
    let developer = config.developer.clone().map(|email| Developer { email, groups: developer_groups(config) });
    Ok(Seeds { admin_email, admin_password_hash, developer, scheduler: scheduler_token(config).is_some() })
}

/// The scheduler's secret, unless it is too short to be one.
fn scheduler_token(config: &ServerSettings) -> Option<Secret> {
    let token = config.env.secret(&env_vars::SCHEDULER_API_TOKEN)?;
    if token.expose().len() < 32 {
        tracing::warn!("SCHEDULER_API_TOKEN is shorter than 32 characters and is ignored");
        return None;
    }
    Some(token)
}

fn runner_settings(config: &ServerSettings) -> Result<RunnerSettings, StartError> {
    Ok(RunnerSettings {
        program: config.agnes_exe.clone(),
        environment: config.env.clone(),
        data_dir: config.data_dir.clone(),
        sources: config.sources.clone(),
        extract_timeout: config.env.duration(&env_vars::AGNES_EXTRACT_TIMEOUT)?,
        reserve: config.env.disk_reserve()?,
        history_days: config.env.number(&env_vars::AGNES_HISTORY_DAYS)?,
        profiler: config.instance.profiler.clone(),
        limits: EngineLimits::for_parquet(&config.env, config.data_dir.spill()),
    })
}

/// Which sources may be attached, and with which tokens.
fn remote_policy(config: &ServerSettings) -> RemotePolicy {
    RemotePolicy::new(&config.env, &config.sources.attachments())
}
