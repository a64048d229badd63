//! Sync runs: one at a time; what is asked for meanwhile becomes one more run.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tracing::{Instrument, Span};

use super::extractor::Extractor;
use super::orchestrator::{Orchestrator, RebuildError, Rebuilt};
use super::rebuild::rebuild_and_note;
use super::select::{SOURCES, Wanted, registered, select};
use crate::base::secret::Secret;
use crate::base::time;
use crate::config::{DataDir, Environment};
use crate::connectors::{self, Report, Request};
use crate::store::{Store, StoreError, sync_state};

/// What runs need from the configuration.
pub struct RunnerSettings {
    /// The `agnes` executable, for child processes.
    pub program: PathBuf,
    pub environment: Environment,
    pub data_dir: DataDir,
    /// Folder of the `local` source.
    pub files_folder: PathBuf,
    /// Credentials for extractors, under the names of their variables.
    pub credentials: Vec<(&'static str, Secret)>,
    pub extract_timeout: Duration,
}

/// Takes requests and works them off in the background.
pub struct Runner {
    store: Store,
    orchestrator: Arc<Orchestrator>,
    extractor: Extractor,
    data_dir: DataDir,
    files_folder: PathBuf,
    /// What to do next, and the request that asked for it, for the log.
    wanted: Mutex<Option<(Wanted, Span)>>,
    woken: Notify,
    /// One rebuild, with its notes in the store, at a time.
    rebuilding: Semaphore,
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
        let RunnerSettings { program, environment, data_dir, files_folder, credentials, extract_timeout } = settings;
        let root = data_dir.root().to_owned();
        let extractor = Extractor { program, environment, data_dir: root, credentials, timeout: extract_timeout };
        Arc::new(Self {
            store,
            orchestrator,
            extractor,
            data_dir,
            files_folder,
            wanted: Mutex::default(),
            woken: Notify::new(),
            rebuilding: Semaphore::new(1),
        })
    }

    /// Asks for a run of these registry ids, or of everything that is due.
    pub fn trigger(&self, ids: Option<HashSet<String>>) {
        let new = ids.map_or(Wanted::Due, Wanted::Ids);
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        *wanted = Some(match wanted.take() {
            Some((before, span)) => (before.and(new), span),
            None => (new, Span::current()),
        });
        self.woken.notify_one();
    }

    /// Works requests off until dropped, which also ends a running extractor.
    pub async fn work(&self) {
        loop {
            let next = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
            match next {
                Some((wanted, span)) => self.run(&wanted).instrument(span).await,
                None => self.woken.notified().await,
            }
        }
    }

    /// Runs once for everything that is due, and returns when it is published.
    pub async fn run_due(&self) {
        self.run(&Wanted::Due).await;
    }

    async fn run(&self, wanted: &Wanted) {
        let started = std::time::Instant::now();
        let requests = select(&self.store.snapshot(), &self.orchestrator.publication(), wanted, time::now());
        let mut failing = HashSet::new();
        for (source, request) in requests {
            tracing::info!(source, tables = request.tables.len(), "extracting");
            let report = match self.extractor.run(&self.arguments(source), &request).await {
                Ok(report) => report,
                Err(error) => all_failed(&request, &error),
            };
            if report.tables_failed > 0 {
                failing.insert(source);
            }
            for failure in &report.errors {
                tracing::error!(source, table = failure.table, error = failure.error, "table not extracted");
            }
            if let Err(error) = self.note_failures(report).await {
                tracing::error!(source, %error, "cannot store the failures of the run");
            }
        }
        // What failed may be the new name of something old; then that stays for now.
        for source in SOURCES.into_iter().filter(|source| !failing.contains(source)) {
            self.prune(source).await;
        }
        match self.rebuild().await {
            Ok(rebuilt) => tracing::info!(
                tables = rebuilt.publication.tables().count(),
                problems = rebuilt.problems.len(),
                duration_ms = started.elapsed().as_millis() as u64,
                "sync finished"
            ),
            Err(error) => tracing::error!(%error, "sync failed to publish"),
        }
    }

    fn arguments(&self, source: &str) -> Vec<OsString> {
        match source {
            "local" => {
                vec!["files".into(), self.files_folder.clone().into(), "--source".into(), "local".into()]
            }
            other => vec![other.into()],
        }
    }

    /// Publishes what all sources offer, and stores what that says of each table.
    pub async fn rebuild(&self) -> Result<Rebuilt, RunError> {
        let _turn = self.rebuilding.acquire().await.map_err(|_| RunError::Lost)?;
        rebuild_and_note(&self.store, &self.orchestrator).await
    }

    /// Publishes without tables that are no longer registered.
    pub async fn retire(&self) -> Result<(), RunError> {
        for source in SOURCES {
            self.prune(source).await;
        }
        self.rebuild().await.map(drop)
    }

    /// Drops what is not registered any more from the extract that we write ourselves.
    async fn prune(&self, source: &'static str) {
        let (directory, keep) = (self.data_dir.extract(source), registered(&self.store.snapshot(), source));
        match tokio::task::spawn_blocking(move || connectors::prune(&directory, &keep)).await {
            Ok(Ok(dropped)) if dropped.is_empty() => {}
            Ok(Ok(dropped)) => tracing::info!(source, tables = dropped.join(", "), "unregistered tables dropped"),
            // An extractor is at work there; the next run tries again.
            Ok(Err(error)) => tracing::warn!(source, %error, "unregistered tables stay until the next sync"),
            Err(error) => tracing::error!(source, %error, "dropping unregistered tables ended unexpectedly"),
        }
    }

    async fn note_failures(&self, report: Report) -> Result<(), StoreError> {
        if report.errors.is_empty() {
            return Ok(());
        }
        self.store
            .write(move |change| {
                report.errors.iter().try_for_each(|failure| sync_state::failed(change, &failure.table, &failure.error))
            })
            .await
    }
}

fn all_failed(request: &Request, error: &str) -> Report {
    let mut report = Report::default();
    for table in &request.tables {
        report.failed(&table.name, error);
    }
    report
}
