//! Sync runs: one at a time; what is asked for meanwhile becomes one more run.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::extractor::Extractor;
use super::orchestrator::{Orchestrator, Problem, RebuildError, Rebuilt};
use super::select::{Wanted, select};
use crate::base::time;
use crate::config::Environment;
use crate::connectors::{Report, Request};
use crate::store::sync_state::{self, Synced};
use crate::store::{Store, StoreError, ownership};

/// What runs need from the configuration.
pub struct RunnerSettings {
    /// The `agnes` executable, for child processes.
    pub program: PathBuf,
    pub environment: Environment,
    pub data_dir: PathBuf,
    /// Folder of the `local` source.
    pub files_folder: PathBuf,
    /// Name of a variable with the Keboola token, where configured.
    pub token_env: Option<String>,
    pub extract_timeout: Duration,
}

/// Takes requests and works them off in the background.
pub struct Runner {
    store: Store,
    orchestrator: Arc<Orchestrator>,
    extractor: Extractor,
    files_folder: PathBuf,
    wanted: Mutex<Option<Wanted>>,
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
        let extractor = Extractor {
            program: settings.program,
            environment: settings.environment,
            data_dir: settings.data_dir,
            token_env: settings.token_env,
            timeout: settings.extract_timeout,
        };
        Arc::new(Self {
            store,
            orchestrator,
            extractor,
            files_folder: settings.files_folder,
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
            Some(before) => before.and(new),
            None => new,
        });
        self.woken.notify_one();
    }

    /// Works requests off until dropped, which also ends a running extractor.
    pub async fn work(&self) {
        loop {
            let next = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
            match next {
                Some(wanted) => self.run(&wanted).await,
                None => self.woken.notified().await,
            }
        }
    }

    async fn run(&self, wanted: &Wanted) {
        let started = std::time::Instant::now();
        let requests = select(&self.store.snapshot(), &self.orchestrator.publication(), wanted, time::now());
        for (source, request) in requests {
            tracing::info!(source, tables = request.tables.len(), "extracting");
            let report = match self.extractor.run(&self.arguments(source), &request).await {
                Ok(report) => report,
                Err(error) => all_failed(&request, &error),
            };
            for failure in &report.errors {
                tracing::error!(source, table = failure.table, error = failure.error, "table not extracted");
            }
            if let Err(error) = self.note_failures(report).await {
                tracing::error!(source, %error, "cannot store the failures of the run");
            }
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
        let owners = self.store.write(|change| ownership::load(change)).await?;
        let orchestrator = Arc::clone(&self.orchestrator);
        let rebuilt =
            tokio::task::spawn_blocking(move || orchestrator.rebuild(&owners)).await.map_err(|_| RunError::Lost)??;
        let (publication, problems) = (Arc::clone(&rebuilt.publication), rebuilt.problems.clone());
        self.store
            .write(move |change| {
                let tables: Vec<_> = publication.tables().collect();
                let owners: Vec<_> = tables.iter().map(|table| (table.name.clone(), table.source.clone())).collect();
                ownership::replace(change, &owners)?;
                for table in &tables {
                    let synced = Synced {
                        table: table.name.clone(),
                        at: table.extracted_at,
                        rows: table.rows,
                        size_bytes: i64::try_from(table.size_bytes).unwrap_or(i64::MAX),
                        hash: table.hash.clone(),
                    };
                    sync_state::succeeded(change, &synced)?;
                }
                for Problem { source, table, error } in &problems {
                    // A refused name is a problem of the source that lost it, not of the table that is published.
                    let of_another = |name: &String| tables.iter().any(|it| it.name == *name && it.source != *source);
                    if let Some(table) = table.as_ref().filter(|name| !of_another(name)) {
                        sync_state::failed(change, table, error)?;
                    }
                }
                sync_state::retain(change, &owners.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
            })
            .await?;
        Ok(rebuilt)
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
