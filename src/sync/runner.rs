//! Sync runs: one at a time; what is asked for meanwhile becomes one more run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tracing::{Instrument, Span};

use super::current_run::CurrentRun;
use super::extractor::Extractor;
use super::orchestrator::{Orchestrator, RebuildError, Rebuilt};
use super::rebuild::{Durations, rebuild_and_note};
use super::select::{Pauses, SOURCES, Wanted, registered};
use crate::base::disk::{NoRoom, Reserve};
use crate::base::secret::Secret;
use crate::base::{atomic_file, random, time};
use crate::config::{DataDir, Environment, ProfilerConfig};
use crate::connectors::files::Checked;
use crate::connectors::{self, Request};
use crate::engine::Limits;
use crate::extract::data_file;
use crate::protocol::sync_runs::Run;
use crate::store::registry::Table;
use crate::store::{Store, StoreError, sync_runs};

/// How long a rebuild waits for others that want one too.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// What runs need from the configuration.
pub struct RunnerSettings {
    /// The `agnes` executable, for child processes.
    pub program: PathBuf,
    pub environment: Environment,
    pub data_dir: DataDir,
    /// Folder of the `local` source.
    pub files_folder: PathBuf,
    /// Folder of custom connectors.
    pub connectors_folder: PathBuf,
    /// Credentials for extractors, under the names of their variables.
    pub credentials: Vec<(&'static str, Secret)>,
    pub extract_timeout: Duration,
    /// What stays free on the disk.
    pub reserve: Reserve,
    /// How long history is kept.
    pub history_days: u32,
    pub profiler: ProfilerConfig,
    /// What profiling a table may use.
    pub limits: Limits,
}

/// Takes requests and works them off in the background.
pub struct Runner {
    pub(super) store: Store,
    pub(super) orchestrator: Arc<Orchestrator>,
    pub(super) extractor: Extractor,
    pub(super) data_dir: DataDir,
    pub(super) files_folder: PathBuf,
    pub(super) connectors_folder: PathBuf,
    pub(super) reserve: Reserve,
    pub(super) history_days: u32,
    pub(super) profiler: ProfilerConfig,
    pub(super) limits: Limits,
    /// One profile at a time.
    pub(super) profiling: Semaphore,
    /// What runs now.
    pub(super) current: CurrentRun,
    /// Materialized tables that failed.
    pub(super) pauses: Mutex<Pauses>,
    /// What runs next.
    next: Mutex<Option<Queued>>,
    woken: Notify,
    /// One rebuild, with its notes in the store, at a time.
    rebuilding: Semaphore,
    /// Requests for a rebuild by themselves, and how many of them are served.
    asked: AtomicU64,
    served: AtomicU64,
}

/// A run that waits for its turn.
pub(super) struct Queued {
    pub(super) run: Run,
    pub(super) wanted: Wanted,
    /// The request that asked for it, for the log.
    span: Span,
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the rebuild ended unexpectedly")]
    Lost,
}

impl Runner {
    pub fn new(store: Store, orchestrator: Arc<Orchestrator>, settings: RunnerSettings) -> Arc<Self> {
        let RunnerSettings { program, environment, credentials, extract_timeout, .. } = settings;
        let data_dir = settings.data_dir.root().to_owned();
        Arc::new(Self {
            store,
            orchestrator,
            extractor: Extractor { program, environment, data_dir, credentials, timeout: extract_timeout },
            data_dir: settings.data_dir,
            files_folder: settings.files_folder,
            connectors_folder: settings.connectors_folder,
            reserve: settings.reserve,
            history_days: settings.history_days,
            profiler: settings.profiler,
            limits: settings.limits,
            profiling: Semaphore::new(1),
            current: CurrentRun::default(),
            pauses: Mutex::default(),
            next: Mutex::default(),
            woken: Notify::new(),
            rebuilding: Semaphore::new(1),
            asked: AtomicU64::new(0),
            served: AtomicU64::new(0),
        })
    }

    /// Asks for a run of these registry ids, or of everything that is due, on behalf of the user with this address.
    /// Returns the id of the run that will do it.
    pub fn trigger(&self, ids: Option<HashSet<String>>, by: Option<&str>) -> String {
        let mut next = self.next();
        let queued = match next.take() {
            Some(Queued { run, wanted, span }) => {
                let wanted = wanted.and(Wanted::of(ids));
                Queued { run: Run { requested: wanted.ids(), ..run }, wanted, span }
            }
            None => Queued::new(Wanted::of(ids), by),
        };
        let id = queued.run.id.clone();
        *next = Some(queued);
        self.woken.notify_one();
        id
    }

    /// What waits and what runs, newest first.
    pub fn live(&self) -> Vec<Run> {
        // The lock is held throughout: a run is in one of the two places, never in none.
        let next = self.next();
        next.as_ref().map(|queued| queued.run.clone()).into_iter().chain(self.current.run()).collect()
    }

    /// Works requests off until dropped, which also ends a running extractor.
    pub async fn work(&self) {
        if let Err(error) = self.store.write(sync_runs::interrupt).await {
            tracing::error!(%error, "cannot mark runs that an earlier process left");
        }
        loop {
            // Begun under the lock of the queue, so that a run never seems to be gone in between.
            let next = {
                let mut next = self.next();
                next.take().inspect(|queued| self.current.begin(&queued.run))
            };
            match next {
                Some(Queued { wanted, span, .. }) => self.run(&wanted).instrument(span).await,
                None => self.woken.notified().await,
            }
        }
    }

    /// Runs once for everything that is due, and returns when it is published.
    pub async fn run_due(&self) {
        let Queued { run, wanted, .. } = Queued::new(Wanted::Due, None);
        self.current.begin(&run);
        self.run(&wanted).await;
    }

    /// What a data file holds that will be called `name`, or what is wrong with it; found out by a child process.
    pub async fn check_file(&self, file: &Path, name: &str) -> Result<Checked, String> {
        let arguments = ["check".into(), file.into(), name.into()];
        let checked: Result<Result<Checked, String>, String> =
            self.extractor.ask(&arguments, &Request::default(), |_| false).await;
        checked?
    }

    /// Whether so many more bytes may be written below `DATA_DIR`.
    pub fn has_room(&self, bytes: u64) -> Result<(), NoRoom> {
        self.reserve.ensure(self.data_dir.root(), bytes)
    }

    /// Publishes what all sources offer, and stores what that says of each table.
    pub async fn rebuild(&self) -> Result<Rebuilt, RunError> {
        self.rebuild_after(Durations::default()).await
    }

    pub(super) async fn rebuild_after(&self, took: Durations) -> Result<Rebuilt, RunError> {
        let _turn = self.rebuilding.acquire().await.map_err(|_| RunError::Lost)?;
        rebuild_and_note(&self.store, &self.orchestrator, took).await
    }

    /// Publishes without tables that are no longer registered, such as `table`.
    pub async fn retire(&self, table: &Table) -> Result<(), RunError> {
        for source in SOURCES {
            self.prune(source).await;
        }
        if table.is_materialized() {
            let file = data_file(&self.data_dir.extract(table.source().as_str()), &table.name);
            if let Err(error) = atomic_file::remove(&file) {
                tracing::warn!(file = %file.display(), %error, "the file of an unregistered table stays");
            }
        }
        self.rebuild_together().await
    }

    /// Publishes what all sources offer. Requests that come within a moment, or while a rebuild runs, share one.
    async fn rebuild_together(&self) -> Result<(), RunError> {
        let ticket = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        tokio::time::sleep(DEBOUNCE).await;
        let _turn = self.rebuilding.acquire().await.map_err(|_| RunError::Lost)?;
        if self.served.load(Ordering::Acquire) >= ticket {
            return Ok(());
        }
        let covered = self.asked.load(Ordering::Acquire);
        rebuild_and_note(&self.store, &self.orchestrator, Durations::default()).await?;
        self.served.store(covered, Ordering::Release);
        Ok(())
    }

    /// Drops what is not registered any more from the extract that we write ourselves.
    pub(super) async fn prune(&self, source: &'static str) {
        let (directory, keep) = (self.data_dir.extract(source), registered(&self.store.snapshot(), source));
        match tokio::task::spawn_blocking(move || connectors::prune(&directory, &keep)).await {
            Ok(Ok(dropped)) if dropped.is_empty() => {}
            Ok(Ok(dropped)) => tracing::info!(source, tables = dropped.join(", "), "unregistered tables dropped"),
            // An extractor is at work there; the next run tries again.
            Ok(Err(error)) => tracing::warn!(source, %error, "unregistered tables stay until the next sync"),
            Err(error) => tracing::error!(source, %error, "dropping unregistered tables ended unexpectedly"),
        }
    }

    fn next(&self) -> MutexGuard<'_, Option<Queued>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queued {
    fn new(wanted: Wanted, by: Option<&str>) -> Self {
        let run = Run {
            id: random::uuid(),
            triggered_by: by.map(str::to_owned),
            requested: wanted.ids(),
            requested_at: time::iso_naive(time::now()),
            ..Run::default()
        };
        Self { run, wanted, span: Span::current() }
    }
}
