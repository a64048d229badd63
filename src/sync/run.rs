//! One run: extract, publish, and the notes about both.

use std::collections::HashSet;
use std::ffi::OsString;
use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use super::orchestrator::Problem;
use super::runner::Runner;
use super::select::{Pauses, SOURCES, Wanted, select, select_materialized};
use crate::base::time;
use crate::connectors::{Finished, Report, Request, TableError, custom};
use crate::protocol::sync_runs::{Run, RunStatus, RunStep, RunTable};
use crate::store::{Snapshot, StoreError, sync_runs, sync_state};

impl Runner {
    /// Does the run that has begun.
    pub(super) async fn run(&self, wanted: &Wanted) {
        let begun = Instant::now();
        self.keep(self.current.run().unwrap_or_default()).await;
        self.extract(wanted).await;
        self.extract_custom(wanted).await;
        self.materialize(wanted).await;
        let published = self.publish().await;
        self.profile_changes().await;
        let run = self.current.finished(published, begun.elapsed());
        let (status, tables) = (run.status, run.tables.len());
        self.keep(run).await;
        self.expire().await;
        self.current.end();
        let duration_ms = begun.elapsed().as_millis() as u64;
        match status {
            RunStatus::Failed => tracing::error!(tables, duration_ms, "sync finished"),
            _ => tracing::info!(status = status.name(), tables, duration_ms, "sync finished"),
        }
    }

    /// Every source that has something to fetch, one after the other.
    async fn extract(&self, wanted: &Wanted) {
        let requests = select(&self.store.snapshot(), &self.orchestrator.publication(), wanted, time::now());
        let mut failing = HashSet::new();
        for (source, request) in requests {
            tracing::info!(source, tables = request.tables.len(), "extracting");
            self.current.step(format!("extracting {} tables from {source}", request.tables.len()));
            let report = self.extract_from(source, RunStep::Extract, &self.arguments(source), &request).await;
            if report.tables_failed > 0 {
                failing.insert(source);
            }
        }
        // What failed may be the new name of something old; then that stays for now.
        for source in SOURCES.into_iter().filter(|source| !failing.contains(source)) {
            self.prune(source).await;
        }
    }

    /// Every custom connector, one after the other; of single tables, those that publish them.
    async fn extract_custom(&self, wanted: &Wanted) {
        let connectors = custom::discover(&self.connectors_folder).unwrap_or_else(|error| {
            self.current.error(format!("{}: {error}", self.connectors_folder.display()));
            Vec::new()
        });
        for connector in connectors {
            let publication = self.orchestrator.publication();
            let tables: Vec<String> = publication
                .tables()
                .filter(|table| table.source == connector.name)
                .map(|table| table.name.clone())
                .collect();
            if !is_for(wanted, &tables, &self.store.snapshot()) {
                continue;
            }
            tracing::info!(connector = connector.name, "extracting");
            self.current.step(format!("running the connector {}", connector.name));
            let arguments = ["custom".into(), connector.name.clone().into()];
            let request = Request::default();
            let mut finished = |finished| self.tell(&connector.name, RunStep::Extract, finished);
            if let Err(error) = self.extractor.run(&arguments, &request, &mut finished).await {
                tracing::error!(connector = connector.name, error, "connector failed");
                self.current.error(format!("{}: {error}", connector.name));
                let of = |table| TableError { table, error: error.clone() };
                self.note_failures(tables.into_iter().map(of).collect()).await;
            }
        }
    }

    /// The SQL of every materialized table that is due, one source after the other.
    async fn materialize(&self, wanted: &Wanted) {
        let requests = select_materialized(&self.store.snapshot(), wanted, &self.pauses(), time::now());
        for (source, request) in requests {
            tracing::info!(source, tables = request.tables.len(), "materializing");
            self.current.step(format!("materializing {} tables of {source}", request.tables.len()));
            let arguments = ["materialize".into(), source.clone().into()];
            let report = self.extract_from(&source, RunStep::Materialize, &arguments, &request).await;
            let (now, mut pauses) = (time::now(), self.pauses());
            for table in &request.tables {
                match report.errors.iter().any(|failure| failure.table == table.name) {
                    true => pauses.failed(&table.id, now),
                    false => pauses.succeeded(&table.id),
                }
            }
        }
    }

    fn pauses(&self) -> MutexGuard<'_, Pauses> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, source: &str, step: RunStep, finished: Finished) {
        let Finished { table, rows, duration_ms, error, notes } = finished;
        for note in &notes {
            tracing::warn!(source, table, note, "extracted");
        }
        let (source, duration_ms) = (source.into(), Some(duration_ms));
        self.current.table(RunTable { table, source, step, rows, duration_ms, error, notes });
    }

    async fn extract_from(&self, source: &str, step: RunStep, arguments: &[OsString], request: &Request) -> Report {
        let mut told = HashSet::new();
        let mut finished = |finished: Finished| {
            told.insert(finished.table.clone());
            self.tell(source, step, finished);
        };
        let outcome = match self.reserve.ensure(self.data_dir.root(), self.expected_bytes(request)) {
            Ok(()) => self.extractor.run(arguments, request, &mut finished).await,
            Err(error) => Err(error.to_string()),
        };
        let report = outcome.unwrap_or_else(|error| {
            self.current.error(format!("{source}: {error}"));
            all_failed(request, &error)
        });
        for failure in &report.errors {
            tracing::error!(source, table = failure.table, error = failure.error, "table not extracted");
            if !told.contains(&failure.table) {
                let (table, error) = (failure.table.clone(), Some(failure.error.clone()));
                self.current.table(RunTable { table, source: source.into(), step, error, ..RunTable::default() });
            }
        }
        self.note_failures(report.errors.clone()).await;
        report
    }

    /// What the tables took when they were fetched last: a new copy is written beside the old one.
    fn expected_bytes(&self, request: &Request) -> u64 {
        let publication = self.orchestrator.publication();
        request.tables.iter().filter_map(|table| publication.get(&table.name)).map(|table| table.size_bytes()).sum()
    }

    fn arguments(&self, source: &str) -> Vec<OsString> {
        match source {
            "local" => {
                vec!["files".into(), self.files_folder.clone().into(), "--source".into(), "local".into()]
            }
            other => vec![other.into()],
        }
    }

    async fn note_failures(&self, errors: Vec<TableError>) {
        let took = self.current.durations();
        if errors.is_empty() {
            return;
        }
        let noted = self.store.write(move |change| {
            errors.iter().try_for_each(|failure| {
                sync_state::failed(change, &failure.table, &failure.error, took.get(&failure.table).copied())
            })
        });
        let noted: Result<(), StoreError> = noted.await;
        if let Err(error) = noted {
            tracing::error!(%error, "cannot store the failures of the run");
        }
    }

    /// Publishes, and tells whether that was possible.
    async fn publish(&self) -> bool {
        self.current.step("publishing".into());
        match self.rebuild_after(self.current.durations()).await {
            Ok(rebuilt) => {
                rebuilt.problems.into_iter().for_each(|problem| self.note_problem(problem));
                true
            }
            Err(error) => {
                tracing::error!(%error, "sync failed to publish");
                self.current.error(error.to_string());
                false
            }
        }
    }

    fn note_problem(&self, Problem { source, table, error }: Problem) {
        match table {
            Some(table) => {
                let error = Some(error);
                self.current.table(RunTable { table, source, step: RunStep::Publish, error, ..RunTable::default() });
            }
            None => self.current.error(format!("{source}: {error}")),
        }
    }

    async fn keep(&self, run: Run) {
        if let Err(error) = self.store.write(move |change| sync_runs::put(change, &run)).await {
            tracing::error!(%error, "cannot store what the run does");
        }
    }

    async fn expire(&self) {
        let days = self.history_days;
        if let Err(error) = self.store.write(move |change| sync_runs::expire(change, days)).await {
            tracing::error!(%error, "cannot delete old history");
        }
    }
}

/// Whether a connector that publishes these tables has something to do.
fn is_for(wanted: &Wanted, tables: &[String], snapshot: &Snapshot) -> bool {
    match wanted {
        Wanted::Due => true,
        Wanted::Ids(ids) => {
            let mut names = ids.iter().filter_map(|id| Some(&snapshot.registry.get(id)?.name));
            names.any(|name| tables.iter().any(|table| table.eq_ignore_ascii_case(name)))
        }
    }
}

fn all_failed(request: &Request, error: &str) -> Report {
    let mut report = Report::default();
    for table in &request.tables {
        report.failed(&table.name, error);
    }
    report
}
