//! One run: extract, publish, and record both.

use std::collections::HashSet;
use std::time::Instant;

use super::current_run::Cancelled;
use super::health::Problem;
use super::runner::Runner;
use super::select::{RunScope, select, select_materialized};
use crate::base::{locked, time};
use crate::connectors::{Extraction, Finished, Report, Request, Sources, TableError};
use crate::protocol::sync_runs::{Run, RunStatus, RunStep, RunTable};
use crate::store::{StoreError, sync_runs, sync_state};

impl Runner {
    /// Carries out the run that has started.
    pub(super) async fn run(&self, scope: &RunScope) {
        let started = Instant::now();
        self.record(self.current.run().unwrap_or_default()).await;
        // Once begun, publishing ends; it takes a moment.
        let published = self.fetch(scope).await.is_ok() && self.publish(scope).await;
        tokio::select! {
            biased;
            () = self.current.cancelled() => {}
            () = self.profile_changes() => {}
        }
        let run = self.current.finished(published, started.elapsed());
        let (status, tables) = (run.status, run.tables.len());
        self.record(run).await;
        self.expire().await;
        self.current.end();
        let duration_ms = started.elapsed().as_millis() as u64;
        match status {
            RunStatus::Failed => tracing::error!(tables, duration_ms, "sync finished"),
            _ => tracing::info!(%status, tables, duration_ms, "sync finished"),
        }
    }

    async fn fetch(&self, scope: &RunScope) -> Result<(), Cancelled> {
        // Whoever changes them meanwhile does so for the next run.
        let sources = self.sources.get();
        self.extract(&sources, scope).await?;
        self.extract_custom(&sources, scope).await?;
        self.materialize(&sources, scope).await
    }

    /// Every source that has something to fetch, one after the other.
    async fn extract(&self, sources: &Sources, scope: &RunScope) -> Result<(), Cancelled> {
        let (snapshot, publication) = (self.store.snapshot(), self.orchestrator.publication());
        let requests = select(sources, &snapshot, &publication, scope, time::now());
        drop((snapshot, publication));
        let mut failing = HashSet::new();
        for (source, request) in requests {
            let (kind, tables) = (source.kind(), request.tables.len());
            tracing::info!(source = %kind, tables, "extracting");
            self.current.step(format!("extracting {tables} tables from {kind}"));
            let report = self.extract_from(kind.as_str(), RunStep::Extract, &source.extraction(), &request).await?;
            if report.tables_failed > 0 {
                failing.insert(kind);
            }
        }
        // What failed may be the new name of something old; then that stays for now.
        for source in sources.iter().filter(|source| !failing.contains(&source.kind())) {
            self.prune(&source.kind()).await;
        }
        self.prune_saved().await;
        self.current.goes_on()
    }

    /// Every custom connector, one after the other; of single tables, those that publish them.
    async fn extract_custom(&self, sources: &Sources, scope: &RunScope) -> Result<(), Cancelled> {
        let connectors = sources.custom().unwrap_or_else(|error| {
            self.current.error(format!("{}: {error}", sources.connectors_folder().display()));
            Vec::new()
        });
        for (name, extraction) in &connectors {
            let publication = self.orchestrator.publication();
            let tables: Vec<String> =
                publication.tables().filter(|table| table.source == *name).map(|table| table.name.clone()).collect();
            if !scope.names_one_of(&tables, &self.store.snapshot()) {
                continue;
            }
            tracing::info!(connector = name, "extracting");
            self.current.step(format!("running the connector {name}"));
            let on_finished = |finished| self.report(name, RunStep::Extract, finished);
            if let Err(error) = self.run_extractor(extraction, &Request::default(), on_finished).await? {
                tracing::error!(connector = name, error, "connector failed");
                self.current.error(format!("{name}: {error}"));
                let of = |table| TableError { table, error: error.clone() };
                self.record_failures(tables.into_iter().map(of).collect()).await;
            }
        }
        Ok(())
    }

    /// The SQL of every materialized table that is due, one source after the other.
    async fn materialize(&self, sources: &Sources, scope: &RunScope) -> Result<(), Cancelled> {
        let requests = select_materialized(&self.store.snapshot(), scope, &locked(&self.backoff), time::now());
        for (source, request) in requests {
            let tables = request.tables.len();
            tracing::info!(%source, tables, "materializing");
            self.current.step(format!("materializing {tables} tables of {source}"));
            let extraction = sources.materialization(&source);
            let report = self.extract_from(source.as_str(), RunStep::Materialize, &extraction, &request).await?;
            let (now, mut backoff) = (time::now(), locked(&self.backoff));
            for table in &request.tables {
                match report.errors.iter().any(|failure| failure.table == table.name) {
                    true => backoff.failed(&table.id, now),
                    false => backoff.succeeded(&table.id),
                }
            }
        }
        self.current.goes_on()
    }

    fn report(&self, source: &str, step: RunStep, finished: Finished) {
        let Finished { table, rows, duration_ms, error, notes } = finished;
        for note in &notes {
            tracing::warn!(source, table, note, "extracted");
        }
        let (source, duration_ms) = (source.into(), Some(duration_ms));
        self.current.table(RunTable { table, source, step, rows, duration_ms, error, notes });
    }

    async fn extract_from(
        &self,
        source: &str,
        step: RunStep,
        extraction: &Extraction,
        request: &Request,
    ) -> Result<Report, Cancelled> {
        let mut reported = HashSet::new();
        let on_finished = |finished: Finished| {
            reported.insert(finished.table.clone());
            self.report(source, step, finished);
        };
        let outcome = match self.has_room(self.expected_bytes(request)) {
            Ok(()) => self.run_extractor(extraction, request, on_finished).await?,
            Err(error) => Err(error.to_string()),
        };
        let report = outcome.unwrap_or_else(|error| {
            self.current.error(format!("{source}: {error}"));
            Report::all_failed(&request.tables, &error)
        });
        for failure in &report.errors {
            tracing::error!(source, table = failure.table, error = failure.error, "table not extracted");
            if !reported.contains(&failure.table) {
                let (table, error) = (failure.table.clone(), Some(failure.error.clone()));
                self.current.table(RunTable { table, source: source.into(), step, error, ..RunTable::default() });
            }
        }
        self.record_failures(report.errors.clone()).await;
        Ok(report)
    }

    /// The current size of the tables: a new copy is written beside the old one.
    fn expected_bytes(&self, request: &Request) -> u64 {
        let publication = self.orchestrator.publication();
        request.tables.iter().filter_map(|table| publication.get(&table.name)).map(|table| table.size_bytes()).sum()
    }

    async fn record_failures(&self, errors: Vec<TableError>) {
        let durations = self.current.durations();
        if errors.is_empty() {
            return;
        }
        let recorded = self.store.write_results(move |change| {
            errors.iter().try_for_each(|TableError { table, error }| {
                sync_state::failed(change, table, error, durations.get(table).copied())
            })
        });
        let recorded: Result<(), StoreError> = recorded.await;
        if let Err(error) = recorded {
            tracing::error!(%error, "cannot store the failures of the run");
        }
    }

    /// Publishes, and returns whether that was possible. A run of single tables is not blamed for old problems of others.
    async fn publish(&self, scope: &RunScope) -> bool {
        self.current.step("publishing".into());
        let before = self.orchestrator.health();
        match self.rebuild_after(self.current.durations()).await {
            Ok(rebuilt) => {
                let snapshot = self.store.snapshot();
                let is_old = |problem: &Problem| before.iter().any(|source| source.has(problem));
                let is_asked = |table: &String| scope.names_one_of(std::slice::from_ref(table), &snapshot);
                let concerns = |problem: &Problem| !is_old(problem) || problem.table.as_ref().is_none_or(is_asked);
                for Problem { source, table, error } in rebuilt.problems.into_iter().filter(concerns) {
                    let Some(table) = table else {
                        self.current.error(format!("{source}: {error}"));
                        continue;
                    };
                    let (step, error) = (RunStep::Publish, Some(error));
                    self.current.table(RunTable { table, source, step, error, ..RunTable::default() });
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "sync failed to publish");
                self.current.error(error.to_string());
                false
            }
        }
    }

    async fn record(&self, run: Run) {
        if let Err(error) = self.store.write_results(move |change| sync_runs::put(change, &run.into())).await {
            tracing::error!(%error, "cannot store the state of the run");
        }
    }

    async fn expire(&self) {
        let days = self.settings.history_days;
        if let Err(error) = self.store.write_results(move |change| sync_runs::expire(change, days)).await {
            tracing::error!(%error, "cannot delete old history");
        }
    }
}
