use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use jiff::Timestamp;
use tokio::sync::watch;

use super::services::client_programs::ClientPrograms;
use super::services::connections::Connections;
use super::services::data_sizes::DataSizes;
use super::services::google::Google;
use super::services::mail::Mailer;
use super::services::passwords::Passwords;
use super::services::pending_second_factors::PendingSecondFactors;
use super::services::people::People;
use super::services::rate_limits::Limits;
use super::services::readiness::Readiness;
use super::services::refusals::Refusals;
use super::services::token_uses::TokenUses;
use super::settings::{NO_ADDRESS, ServerSettings};
use crate::access::password::{self, PasswordError};
use crate::access::password_strength::ContextWords;
use crate::access::totp::{Sealer, TotpError};
use crate::access::{Authenticator, Keys};
use crate::access_log::AccessLog;
use crate::base::platform::processes;
use crate::base::secret::Secret;
use crate::base::{atomic_file, private_files, random, time};
use crate::config::{Instance, secrets};
use crate::connectors::Sources;
use crate::domain::catalog_export::Exporter;
use crate::domain::prompts::{self, Renderer};
use crate::domain::saved_queries::Refresher;
use crate::domain::search::CatalogSearch;
use crate::domain::second_factor::SecondFactors;
use crate::domain::server_config::InstanceSettings;
use crate::domain::tables::Quotas;
use crate::extract::Publication;
use crate::openmetadata::{self, OpenMetadata};
use crate::query::{QueryEngine, QueryError};
use crate::store::{MigrationContext, OpenError, Store};
use crate::sync::{Assets, Merged, Orchestrator, Runner};

/// The state of handlers, which they take as an argument.
#[derive(Clone, FromRequestParts)]
#[from_request(via(State), state(AppState))]
pub struct AppState(Arc<App>);

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}

/// Everything that requests share. Made once at start; handlers get it as [`AppState`].
pub struct App {
    pub config: ServerSettings,
    /// What `instance.yaml` says, which admins can change.
    pub settings: Arc<InstanceSettings>,
    /// The state database, and its snapshot for reading.
    pub store: Store,
    /// Verifies and issues tokens.
    pub authenticator: Authenticator,
    /// Hashes passwords, a few at a time.
    pub passwords: Passwords,
    pub limits: Limits,
    /// What runs, by person.
    pub people: People,
    /// Who needs a second factor.
    pub second_factors: SecondFactors,
    /// Sign-ins that wait for a second factor.
    pub pending: PendingSecondFactors,
    /// A hash that matches no password, for accounts that do not exist.
    pub no_password: Secret,
    pub mail: Mailer,
    /// When personal tokens were last used.
    pub token_uses: TokenUses,
    /// Refused requests that were recorded recently.
    pub refusals: Refusals,
    /// Sign-in with Google, and groups from there.
    pub google: Arc<Google>,
    /// Who read which tables.
    pub access_log: Arc<AccessLog>,
    /// The current publication.
    pub orchestrator: Arc<Orchestrator>,
    /// What the manifest lists besides tables.
    pub assets: Assets,
    /// Merges tables in parts into one file.
    pub merged: Merged,
    /// Runs syncs and rebuilds.
    pub runner: Arc<Runner>,
    /// Finds tables, columns and metrics.
    pub search: CatalogSearch,
    /// What the company's catalog says about tables.
    pub openmetadata: OpenMetadata,
    /// Writes files of what the company's catalog has.
    pub exporter: Exporter,
    /// Runs callers' SQL.
    pub queries: QueryEngine,
    /// Renders templates of prompts.
    pub renderer: Renderer,
    /// How much people may scan.
    pub quotas: Quotas,
    /// Refreshes the tables of saved queries.
    pub refresher: Arc<Refresher>,
    /// What people install from here.
    pub client_programs: ClientPrograms,
    pub readiness: Readiness,
    /// The open connections.
    pub connections: Arc<Connections>,
    /// How much is on the disk.
    pub data_sizes: DataSizes,
    /// Whether the server has been asked to stop, for what would go on otherwise.
    pub stopping: watch::Sender<bool>,
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
        "LOCAL_DEV_MODE makes every caller an admin, so it requires a loopback address and no DOMAIN or SERVER_URL with https; \
         unset it, or set AGNES_HOST=127.0.0.1 (LOCAL_DEV_ALLOW_ANY_HOST=1 allows other addresses)"
    )]
    DevMode,
    #[error(transparent)]
    SecondFactor(#[from] TotpError),
    #[error("cannot hash a password: {0}")]
    Seed(#[from] PasswordError),
    #[error("cannot start the access log: {0}")]
    AccessLog(std::io::Error),
    #[error("cannot start the query engine: {0}")]
    Queries(#[from] QueryError),
    #[error(transparent)]
    OpenMetadata(#[from] openmetadata::ClientError),
}

impl App {
    /// Locks the data directory, migrates it, and loads the last publication. Blocks.
    pub fn open(config: ServerSettings) -> Result<AppState, StartError> {
        if config.developer.is_some() && !config.is_safe_for_development() {
            return Err(StartError::DevMode);
        }
        close_data_dir(config.data_dir.root());
        let store = Store::open(&config.data_dir, &MigrationContext::of(&config.instance_at_start), &config.seeds()?)?;
        remove_leftovers(&config);
        let sealer = Sealer::new(&secrets::second_factor_keys(&config.keys, &config.data_dir)?)?;
        let keys = Keys::new(&secrets::signing_keys(&config.keys, &config.data_dir)?);
        tracing::info!("{}", config.queries.remote.current().describe());
        let limits = &config.sync.limits;
        let orchestrator = Orchestrator::open(config.data_dir.clone(), limits.clone());
        let orchestrator = Arc::new(orchestrator.with_sources(config.sources.clone()));
        let access_log = AccessLog::open(config.data_dir.logs(), config.access_log_days);
        let access_log = Arc::new(access_log.map_err(StartError::AccessLog)?);
        let (program, sync) = (config.agnes_exe.clone(), config.sync.clone());
        let runner = Runner::new(store.clone(), Arc::clone(&orchestrator), config.sources.clone(), program, sync);
        let queries = QueryEngine::new(config.queries.clone(), config.agnes_exe.clone())?;
        let openmetadata = OpenMetadata::new(config.openmetadata.clone())?;
        let app = Self {
            authenticator: Authenticator::new(
                keys,
                config.accounts.scheduler_token.clone(),
                config.developer.clone(),
                config.accounts.max_idle,
            ),
            passwords: Passwords::default(),
            second_factors: SecondFactors::new(config.accounts.require_second_factor, sealer),
            pending: PendingSecondFactors::default(),
            limits: Limits::new(config.limits_attempts),
            people: People::default(),
            search: CatalogSearch::new(openmetadata.clone()),
            openmetadata,
            exporter: Exporter::default(),
            no_password: password::hash(&random::hex(16))?,
            mail: config.mail.clone(),
            token_uses: TokenUses::default(),
            refusals: Refusals::default(),
            google: Arc::clone(&config.google),
            refresher: Refresher::new(
                store.clone(),
                Arc::clone(&orchestrator),
                queries.clone(),
                Arc::clone(&runner),
                Arc::clone(&access_log),
                config.saved_queries,
            ),
            access_log,
            assets: Assets::default(),
            merged: Merged::new(config.data_dir.merged(), limits.clone()),
            runner,
            queries,
            renderer: Renderer::new(config.agnes_exe.clone(), config.queries.environment.clone()),
            quotas: Quotas::new(store.clone(), &config.instance_at_start.api.scan),
            client_programs: ClientPrograms::new(config.cli_folder.clone(), config.own_program()),
            readiness: Readiness::default(),
            connections: Connections::new(config.http.connections.within(processes::raise_descriptor_limit())),
            data_sizes: DataSizes::default(),
            stopping: watch::Sender::new(false),
            started_at: time::now(),
            settings: Arc::new(InstanceSettings::new(
                config.instance_files.clone(),
                config.instance_at_start.clone(),
                config.sources.clone(),
                config.allow_private_stack_url,
            )),
            orchestrator,
            store,
            config,
        };
        app.warn();
        close_old_files(app.config.data_dir.root().to_owned());
        Ok(AppState(Arc::new(app)))
    }

    /// What `instance.yaml` says now.
    pub fn instance(&self) -> Arc<Instance> {
        self.settings.current()
    }

    /// Where tables come from now.
    pub fn sources(&self) -> Arc<Sources> {
        self.config.sources.get()
    }

    /// The address of this server. That of a request, `requested`, counts for its sender only.
    pub fn address(&self, requested: &str) -> String {
        self.config.public_url.clone().unwrap_or_else(|| requested.to_owned())
    }

    /// What the templates of prompts can show.
    pub fn prompt_sources<'a>(&'a self, publication: &'a Publication) -> prompts::Sources<'a> {
        let (store, openmetadata, instance) = (&self.store, &self.openmetadata, self.instance());
        prompts::Sources { store, publication, openmetadata, instance }
    }

    /// What must not make up the password of a person.
    pub fn context_words(&self, email: &str, name: &str) -> ContextWords {
        let stored = self.store.snapshot().users.by_email(email.trim()).and_then(|user| user.name.clone());
        let instance = self.instance();
        let domains = instance.auth.domains().join(" ");
        let url = self.config.public_url.as_deref().unwrap_or_default();
        ContextWords::of(&[email, name, stored.as_deref().unwrap_or_default(), &instance.instance.name, &domains, url])
    }

    /// Logs what an administrator should know.
    fn warn(&self) {
        if self.config.lacks_address {
            tracing::error!("{NO_ADDRESS}");
        }
        if let Some(email) = &self.config.developer {
            tracing::warn!(user = email, "LOCAL_DEV_MODE: every request acts as this admin, without signing in");
        } else if !self.store.snapshot().users.any_password() {
            tracing::warn!("no account has a password: create the first admin now, with POST /auth/bootstrap");
        }
    }
}

/// Nobody but the account that runs the server has business here. Some file systems do not allow the change.
fn close_data_dir(root: &Path) {
    if let Err(error) = private_files::close(root) {
        tracing::warn!(directory = %root.display(), %error, "other accounts of this machine may be able to read DATA_DIR");
    }
}

/// Closes what older versions left open. It may be many files, so the start does not wait for it.
fn close_old_files(root: PathBuf) {
    std::thread::spawn(move || match private_files::close_all(&root) {
        (0, None) => {}
        (files, None) => tracing::info!(files, "closed files in DATA_DIR to other accounts"),
        (files, Some(error)) => tracing::warn!(files, %error, "cannot close all files in DATA_DIR to other accounts"),
    });
}

/// Removes temporary files of a server that was killed. Nobody else uses them while the data directory is locked.
fn remove_leftovers(config: &ServerSettings) {
    for directory in [config.data_dir.spill(), config.data_dir.staging()] {
        if let Err(error) = atomic_file::remove_directory(&directory) {
            tracing::warn!(directory = %directory.display(), %error, "cannot remove temporary files");
        }
    }
}
