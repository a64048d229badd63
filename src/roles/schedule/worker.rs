//! The loop of one job: wait until it is due, call the server, record the result.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, watch};

use super::job::Job;
use super::session::ServerSession;
use super::state::{Journal, LastRun};
use crate::base::backoff::Backoff;
use crate::base::schedule::Schedule;
use crate::base::time;
use crate::client::ClientError;

/// Maximum delay after failures.
const MAX_DELAY: Duration = Duration::from_secs(3600);
/// When an endpoint that is missing is tried again: the server may have been updated.
const RECHECK: SignedDuration = SignedDuration::from_hours(6);
/// Maximum random delay unless configured otherwise.
const DEFAULT_JITTER: Duration = Duration::from_secs(30);

pub struct Worker {
    pub job: Job,
    pub server: Arc<ServerSession>,
    pub journal: Arc<Journal>,
    /// Limits the concurrent calls of all jobs.
    pub permits: Arc<Semaphore>,
    pub tick: Duration,
    pub jitter: Option<Duration>,
    pub stopping: watch::Receiver<bool>,
}

impl Worker {
    pub async fn run(mut self) {
        let mut last = self.journal.last(self.job.name);
        let mut reported_missing = false;
        loop {
            let due = self.due(&last);
            if !self.sleep_until(due).await {
                return;
            }
            let Ok(_permit) = self.permits.acquire().await else { return };
            if *self.stopping.borrow() {
                return;
            }
            tracing::debug!(job = self.job.name, "running");
            let started = time::now();
            let outcome = self.server.call(&self.job).await;
            last = self.evaluate(&last, started, outcome, &mut reported_missing);
            self.journal.record(self.job.name, last.clone());
        }
    }

    /// The next time to run the job.
    fn due(&self, last: &LastRun) -> Timestamp {
        let now = time::now();
        let regular = last.succeeded_at.map_or(now, |at| self.job.schedule.next_after(at).unwrap_or(Timestamp::MAX));
        let due = last.not_before.map_or(regular, |not_before| not_before.max(now));
        let jitter = SignedDuration::try_from(self.max_jitter().mul_f64(rand::random())).unwrap_or_default();
        due.max(now).checked_add(jitter).unwrap_or(due)
    }

    fn max_jitter(&self) -> Duration {
        let tenth = match self.job.schedule {
            Schedule::Every(interval) => interval.unsigned_abs() / 10,
            _ => DEFAULT_JITTER,
        };
        self.jitter.unwrap_or(DEFAULT_JITTER.min(tenth))
    }

    /// Returns `false` when the scheduler stops. Checks the clock repeatedly, since it may be set, or the machine may sleep.
    async fn sleep_until(&mut self, due: Timestamp) -> bool {
        loop {
            if *self.stopping.borrow() {
                return false;
            }
            let left = time::now().duration_until(due);
            if left <= SignedDuration::ZERO {
                return true;
            }
            let wait = left.unsigned_abs().min(self.tick);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = self.stopping.changed() => return false,
            }
        }
    }

    fn evaluate(
        &self,
        last: &LastRun,
        started: Timestamp,
        outcome: Result<(), ClientError>,
        reported_missing: &mut bool,
    ) -> LastRun {
        let endpoint = format!("/{}", self.job.path.join("/"));
        let attempted = LastRun { tried_at: Some(started), ..last.clone() };
        let error = match outcome {
            Ok(()) => {
                tracing::info!(job = self.job.name, endpoint, "job done");
                let result = Some("ok".to_owned());
                return LastRun { succeeded_at: Some(started), result, failures: 0, not_before: None, ..attempted };
            }
            Err(error) => error,
        };
        let not_before = |delay: SignedDuration| time::now().checked_add(delay).ok();
        if matches!(error.status(), Some(404 | 405)) {
            if !*reported_missing {
                tracing::info!(job = self.job.name, endpoint, "skipped: this server has no such endpoint");
                *reported_missing = true;
            }
            let result = Some("skipped: this server has no such endpoint".to_owned());
            return LastRun { result, failures: 0, not_before: not_before(RECHECK), ..attempted };
        }
        let failures = last.failures.saturating_add(1);
        let delay = delay(self.tick, failures, &error);
        tracing::warn!(
            job = self.job.name,
            endpoint,
            failures,
            error = error.detail(),
            retry_in_s = delay.as_secs(),
            "job failed"
        );
        let result = Some(error.detail());
        let delay = SignedDuration::try_from(delay).unwrap_or_default();
        LastRun { result, failures, not_before: not_before(delay), ..attempted }
    }
}

/// The delay that the server asks for, else twice as long after each failure.
fn delay(tick: Duration, failures: u32, error: &ClientError) -> Duration {
    if let Some(requested) = error.retry_after() {
        return requested.min(MAX_DELAY);
    }
    Backoff { initial: tick, max: MAX_DELAY }.delay(failures)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn delays() {
        let failed = |retry_after: Option<u64>| ClientError::Status {
            status: 503,
            body: Value::Null,
            retry_after: retry_after.map(Duration::from_secs),
        };
        let seconds = |failures, retry_after| delay(Duration::from_secs(30), failures, &failed(retry_after)).as_secs();
        assert_eq!((1..6).map(|failures| seconds(failures, None)).collect::<Vec<_>>(), [30, 60, 120, 240, 480]);
        assert_eq!((seconds(50, None), seconds(1, Some(7)), seconds(9, Some(99_999))), (3600, 7, 3600));
    }
}
