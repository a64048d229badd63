//! Sync runs: one at a time; requests during a run become one more run.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tracing::{Instrument, Span};

use super::current_run::CurrentRun;
use super::orchestrator::{Orchestrator, Rebuilt};
use super::rebuild::{Durations, RunError, rebuild_and_record};
use super::select::{RunScope, registered};
use super::table_backoff::TableBackoff;
use crate::base::disk::{NoRoom, Reserve};
use crate::base::secret::Secret;
use crate::base::{atomic_file, locked, random, time};
use crate::config::{DataDir, ProfilerConfig, Settings, WrongValue, env_vars};
use crate::connectors::files::Checked;
use crate::connectors::{self, CurrentSources, Extraction, Request, TableRequest};
use crate::engine::Limits;
use crate::extract::data_file;
use crate::protocol::file_format::FileFormat;
use crate::protocol::sync_runs::Run;
use crate::protocol::vocabulary::SourceType;
use crate::store::registry::Table;
use crate::store::{Store, sync_runs};

/// How long a rebuild waits for further requests, which it then serves too.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// What runs need from the configuration.
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// The environment of this process; an extractor sees some of it.
    pub variables: Vec<(String, Secret)>,
    pub data_dir: DataDir,
    pub extract_timeout: Duration,
    /// Space that stays free on the disk.
    pub reserve: Reserve,
    /// How long history is retained.
    pub history_days: u32,
    pub profiler: ProfilerConfig,
    /// Resources for writing parquet files.
    pub limits: Limits,
    /// All memory of the process that profiles a table, in megabytes.
    pub profile_memory_mb: u64,
    pub profile_timeout: Duration,
}

impl RunnerSettings {
    pub fn load(settings: &Settings) -> Result<Self, WrongValue> {
        let Settings { data_dir, env, instance } = settings;
        Ok(Self {
            variables: env.variables(),
            data_dir: data_dir.clone(),
            extract_timeout: env.duration(&env_vars::AGNES_EXTRACT_TIMEOUT)?,
            reserve: env.disk_reserve()?,
            history_days: env.number(&env_vars::AGNES_HISTORY_DAYS)?,
            profiler: instance.profiler.clone(),
            limits: Limits::for_parquet(env, data_dir.spill()),
            profile_memory_mb: env.number(&env_vars::AGNES_PROFILE_MEMORY_MB)?,
            profile_timeout: env.duration(&env_vars::AGNES_PROFILE_TIMEOUT)?,
        })
    }
}

/// Accepts requests and carries them out in the background.
pub struct Runner {
    pub(super) store: Store,
    pub(super) orchestrator: Arc<Orchestrator>,
    /// The `agnes` executable, for child processes.
    pub(super) program: PathBuf,
    pub(super) sources: CurrentSources,
    pub(super) settings: RunnerSettings,
    /// One profile at a time.
    pub(super) profiling: tokio::sync::Mutex<()>,
    pub(super) current: CurrentRun,
    /// Materialized tables that failed.
    pub(super) backoff: Mutex<TableBackoff>,
    /// The run after the current one.
    next: Mutex<Option<Queued>>,
    woken: Notify,
    /// One rebuild at a time, recorded in the store before the next.
    rebuilding: tokio::sync::Mutex<()>,
    /// Who writes the tables of saved queries.
    pub(super) saved: tokio::sync::Mutex<()>,
    /// Requests for a rebuild outside of a run, and how many of them have been served.
    requested: AtomicU64,
    served: AtomicU64,
}

/// A pending run.
pub(super) struct Queued {
    pub(super) run: Run,
    pub(super) scope: RunScope,
    /// Of the request that it was created for, for the log.
    span: Span,
}

impl Runner {
    pub fn new(
        store: Store,
        orchestrator: Arc<Orchestrator>,
        sources: CurrentSources,
        program: PathBuf,
        settings: RunnerSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            orchestrator,
            sources,
            program,
            settings,
            profiling: tokio::sync::Mutex::default(),
            current: CurrentRun::default(),
            backoff: Mutex::default(),
            next: Mutex::default(),
            woken: Notify::new(),
            rebuilding: tokio::sync::Mutex::default(),
            saved: tokio::sync::Mutex::default(),
            requested: AtomicU64::new(0),
            served: AtomicU64::new(0),
        })
    }

    /// Requests a sync of these registry ids, or of everything that is due, on behalf of the user with this address.
    /// Returns the id of the run that will do it.
    pub fn trigger(&self, ids: Option<HashSet<String>>, by: Option<&str>) -> String {
        let requested = RunScope(ids.map(BTreeSet::from_iter));
        let mut next = locked(&self.next);
        let queued = match next.take() {
            Some(Queued { run, scope, span }) => {
                let scope = scope.and(requested);
                Queued { run: Run { requested: scope.0.clone().map(Vec::from_iter), ..run }, scope, span }
            }
            None => Queued::new(requested, by),
        };
        let id = next.insert(queued).run.id.clone();
        drop(next);
        self.woken.notify_one();
        self.current.requested();
        id
    }

    /// Has the current run end as soon as it can, if it has this id, is under way and not cancelled yet; returns whether it
    /// is so. What it has published stays.
    pub fn cancel(&self, id: &str, by: &str) -> bool {
        self.current.cancel(id, by)
    }

    /// Removes the pending run, if it has this id.
    pub fn withdraw(&self, id: &str) -> bool {
        let is_withdrawn = locked(&self.next).take_if(|queued| queued.run.id == id).is_some();
        self.current.requested();
        is_withdrawn
    }

    /// Changes whenever [`Self::live`] does.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.current.changes()
    }

    /// The pending run and the current one, newest first.
    pub fn live(&self) -> Vec<Run> {
        // The lock is held throughout: a run is in one of the two places, never in none.
        let next = locked(&self.next);
        next.as_ref().map(|queued| queued.run.clone()).into_iter().chain(self.current.run()).collect()
    }

    /// Carries requests out until dropped, which also ends a running extractor.
    pub async fn work(&self) {
        if let Err(error) = self.store.write_results(|change| sync_runs::interrupt(change)).await {
            tracing::error!(%error, "cannot mark runs that an earlier process left unfinished");
        }
        loop {
            // Started under the lock of the queue, so that a run is always in one of the two places.
            let next = {
                let mut next = locked(&self.next);
                next.take().inspect(|queued| self.current.start(&queued.run))
            };
            match next {
                Some(Queued { scope, span, .. }) => self.run(&scope).instrument(span).await,
                None => self.woken.notified().await,
            }
        }
    }

    /// Carries out one run for everything that is due, and returns when it is published.
    pub async fn run_due(&self) {
        let Queued { run, scope, .. } = Queued::new(RunScope::default(), None);
        self.current.start(&run);
        self.run(&scope).await;
    }

    /// Reads a data file that will be called `name` in a child process, in the way that is declared, and returns what it
    /// holds or what is wrong with it.
    pub async fn check_file(&self, file: &Path, name: &str, format: Option<FileFormat>) -> Result<Checked, String> {
        let extraction = Extraction::new(["check".into(), file.into(), name.into()]);
        let table = TableRequest { file_format: format, ..TableRequest::default() };
        let request = Request { tables: vec![table], ..Request::default() };
        self.extractor_answer(&extraction, &request, |_| false).await?
    }

    /// Checks that so many more bytes may be written below `DATA_DIR`.
    pub fn has_room(&self, bytes: u64) -> Result<(), NoRoom> {
        self.settings.reserve.ensure(self.settings.data_dir.root(), bytes)
    }

    /// Publishes what all sources offer, and records the state of each table.
    pub async fn rebuild(&self) -> Result<Rebuilt, RunError> {
        self.rebuild_after(Durations::default()).await
    }

    pub(super) async fn rebuild_after(&self, durations: Durations) -> Result<Rebuilt, RunError> {
        let _turn = self.rebuilding.lock().await;
        rebuild_and_record(&self.store, &self.orchestrator, durations).await
    }

    /// Publishes without `table` and others that are no longer registered.
    pub async fn retire(&self, table: &Table) -> Result<(), RunError> {
        for source in self.sources.get().iter() {
            self.prune(&source.kind()).await;
        }
        self.prune_saved().await;
        if table.is_materialized() {
            let file = data_file(&self.settings.data_dir.extract(table.source().as_str()), &table.name);
            if let Err(error) = atomic_file::remove(&file) {
                tracing::warn!(file = %file.display(), %error, "the file of an unregistered table stays");
            }
        }
        self.rebuild_together().await
    }

    /// Publishes what all sources offer. Requests that come within a moment, or while a rebuild runs, share one.
    async fn rebuild_together(&self) -> Result<(), RunError> {
        let ticket = self.requested.fetch_add(1, Ordering::AcqRel) + 1;
        tokio::time::sleep(DEBOUNCE).await;
        let _turn = self.rebuilding.lock().await;
        if self.served.load(Ordering::Acquire) >= ticket {
            return Ok(());
        }
        let covered = self.requested.load(Ordering::Acquire);
        rebuild_and_record(&self.store, &self.orchestrator, Durations::default()).await?;
        self.served.store(covered, Ordering::Release);
        Ok(())
    }

    /// Drops what is no longer registered from the extract of a source that Agnes provides.
    pub(super) async fn prune(&self, kind: &SourceType) {
        let keep = registered(&self.store.snapshot(), kind);
        let (source, directory) = (kind.as_str(), self.settings.data_dir.extract(kind.as_str()));
        match tokio::task::spawn_blocking(move || connectors::prune(&directory, &keep)).await {
            Ok(Ok(dropped)) if dropped.is_empty() => {}
            Ok(Ok(dropped)) => tracing::info!(source, tables = dropped.join(", "), "unregistered tables dropped"),
            // An extractor is running there; the next run tries again.
            Ok(Err(error)) => tracing::warn!(source, %error, "unregistered tables stay until the next sync"),
            Err(error) => tracing::error!(source, %error, "dropping unregistered tables ended unexpectedly"),
        }
    }
}

impl Queued {
    fn new(scope: RunScope, by: Option<&str>) -> Self {
        let run = Run {
            id: random::uuid(),
            triggered_by: by.map(str::to_owned),
            requested: scope.0.clone().map(Vec::from_iter),
            requested_at: time::iso_naive(time::now()),
            ..Run::default()
        };
        Self { run, scope, span: Span::current() }
    }
}
