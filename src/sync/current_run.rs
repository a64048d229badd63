//! The current run, which can be read at any time.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

use super::rebuild::Durations;
use crate::base::{locked, time};
use crate::protocol::sync_runs::{Run, RunStatus, RunStep, RunTable};

#[derive(Debug, Default)]
pub(super) struct CurrentRun {
    run: Mutex<Option<Run>>,
    /// Tells those who watch that something is new.
    changed: watch::Sender<()>,
}

impl CurrentRun {
    pub(super) fn run(&self) -> Option<Run> {
        locked(&self.run).clone()
    }

    /// Completes with each change.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Tells that a run was requested.
    pub(super) fn requested(&self) {
        self.changed.send_replace(());
    }

    pub(super) fn start(&self, queued: &Run) {
        let started_at = Some(time::iso_naive(time::now()));
        *locked(&self.run) = Some(Run { status: RunStatus::Running, started_at, ..queued.clone() });
        self.changed.send_replace(());
    }

    pub(super) fn step(&self, text: String) {
        self.change(|run| run.step = Some(text));
    }

    pub(super) fn table(&self, table: RunTable) {
        self.change(|run| run.tables.push(table));
    }

    /// Adds an error that concerns no single table.
    pub(super) fn error(&self, text: String) {
        self.change(|run| run.errors.push(text));
    }

    /// The duration of each table that was extracted or materialized.
    pub(super) fn durations(&self) -> Durations {
        let tables = self.run().unwrap_or_default().tables;
        tables.into_iter().filter_map(|table| Some((table.table, table.duration_ms?))).collect()
    }

    /// Marks that no run is in progress.
    pub(super) fn end(&self) {
        *locked(&self.run) = None;
        self.changed.send_replace(());
    }

    /// The finished run as it is stored; `published` says whether its last step succeeded.
    pub(super) fn finished(&self, published: bool, elapsed: Duration) -> Run {
        let mut run = self.run().unwrap_or_default();
        // A missing profile is a note.
        let tables = run.tables.iter().filter(|table| table.step != RunStep::Profile);
        let (failed, fine): (Vec<_>, Vec<_>) = tables.partition(|table| table.error.is_some());
        let nothing_new = fine.is_empty() && failed.iter().any(|table| table.step != RunStep::Publish);
        run.status = match (published && !nothing_new, failed.is_empty() && run.errors.is_empty()) {
            (false, _) => RunStatus::Failed,
            (true, true) => RunStatus::Ok,
            (true, false) => RunStatus::Partial,
        };
        run.step = None;
        run.finished_at = Some(time::iso_naive(time::now()));
        run.duration_ms = Some(elapsed.as_millis() as u64);
        run
    }

    fn change(&self, change: impl FnOnce(&mut Run)) {
        if let Some(run) = locked(&self.run).as_mut() {
            change(run);
        }
        self.changed.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_profile_counts_for_nothing() {
        let outcomes = [(RunStep::Extract, false), (RunStep::Profile, true)];
        assert_eq!(ended(&outcomes, &[], true), RunStatus::Failed);
    }

    fn ended(outcomes: &[(RunStep, bool)], errors: &[&str], published: bool) -> RunStatus {
        let current = CurrentRun::default();
        current.start(&Run::default());
        for (step, fine) in outcomes {
            let error = (!fine).then(|| "no".to_owned());
            current.table(RunTable { step: *step, error, ..RunTable::default() });
        }
        errors.iter().for_each(|text| current.error((*text).into()));
        current.finished(published, Duration::ZERO).status
    }

    #[test]
    fn a_run_is_as_good_as_its_tables() {
        use RunStep::{Extract, Publish};
        assert_eq!(ended(&[], &[], true), RunStatus::Ok);
        assert_eq!(ended(&[(Extract, true)], &[], true), RunStatus::Ok);
        assert_eq!(ended(&[(Extract, true), (Extract, false)], &[], true), RunStatus::Partial);
        assert_eq!(ended(&[(Extract, false)], &[], true), RunStatus::Failed);
        assert_eq!(ended(&[(Publish, false)], &[], true), RunStatus::Partial, "what was published before stays");
        assert_eq!(ended(&[(Extract, true)], &["jira cannot be read"], true), RunStatus::Partial);
        assert_eq!(ended(&[(Extract, true)], &[], false), RunStatus::Failed);
    }
}
