//! The current run, which can be read at any time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::rebuild::Durations;
use crate::base::{locked, time};
use crate::protocol::sync_runs::{Run, RunStatus, RunStep, RunTable};

/// The run was cancelled: what it has not begun is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cancelled;

#[derive(Debug, Default)]
pub(super) struct CurrentRun {
    run: Mutex<Option<Run>>,
    /// Its outcome is settled.
    is_ending: AtomicBool,
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
        self.is_ending.store(false, Ordering::Release);
        *locked(&self.run) = Some(Run { status: RunStatus::Running, started_at, ..queued.clone() });
        self.changed.send_replace(());
    }

    pub(super) fn step(&self, text: String) {
        self.change(|run| run.step = Some(text));
    }

    /// Has the run with this id end as soon as it can. Returns whether that is possible: it is under way, and not cancelled
    /// yet.
    pub(super) fn cancel(&self, id: &str, by: &str) -> bool {
        let mut current = locked(&self.run);
        let is_under_way = |run: &&mut Run| run.id == id && run.cancelled_by.is_none();
        let Some(run) = current.as_mut().filter(is_under_way).filter(|_| !self.is_ending.load(Ordering::Acquire))
        else {
            return false;
        };
        run.cancelled_by = Some(by.to_owned());
        drop(current);
        self.changed.send_replace(());
        true
    }

    pub(super) fn goes_on(&self) -> Result<(), Cancelled> {
        let is_cancelled = locked(&self.run).as_ref().is_some_and(|run| run.cancelled_by.is_some());
        if is_cancelled { Err(Cancelled) } else { Ok(()) }
    }

    /// Completes when the run is cancelled.
    pub(super) async fn cancelled(&self) {
        let mut changes = self.changes();
        while self.goes_on().is_ok() {
            // The sender lives as long as this does.
            if changes.changed().await.is_err() {
                return;
            }
        }
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
        let current = locked(&self.run);
        self.is_ending.store(true, Ordering::Release);
        let mut run = current.clone().unwrap_or_default();
        drop(current);
        // A missing profile is a note.
        let tables = run.tables.iter().filter(|table| table.step != RunStep::Profile);
        let (failed, fine): (Vec<_>, Vec<_>) = tables.partition(|table| table.error.is_some());
        let nothing_new = fine.is_empty() && failed.iter().any(|table| table.step != RunStep::Publish);
        run.status = match (published && !nothing_new, failed.is_empty() && run.errors.is_empty()) {
            (false, _) => RunStatus::Failed,
            (true, true) => RunStatus::Ok,
            (true, false) => RunStatus::Partial,
        };
        if run.cancelled_by.is_some() {
            run.status = RunStatus::Cancelled;
        }
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

    #[tokio::test]
    async fn a_run_is_cancelled_once_and_not_after_its_end() {
        let current = CurrentRun::default();
        let run = |id: &str| Run { id: id.into(), ..Run::default() };
        assert!(!current.cancel("", "ann"));
        current.start(&run("first"));
        assert!(!current.cancel("second", "ann") && current.goes_on().is_ok());
        let (is_cancelled, ()) = tokio::join!(async { current.cancel("first", "ann") }, current.cancelled());
        assert!(is_cancelled && !current.cancel("first", "bob"));
        let ended = current.finished(false, Duration::ZERO);
        assert_eq!((ended.status, ended.cancelled_by.as_deref()), (RunStatus::Cancelled, Some("ann")));
        current.end();
        current.start(&run("second"));
        assert!(current.goes_on().is_ok());
        assert_eq!(current.finished(true, Duration::ZERO).status, RunStatus::Ok);
        assert!(!current.cancel("second", "ann"), "its outcome is settled");
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
