//! One job's life: wait, call, note, wait.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, watch};

use super::access::Access;
use super::job::Job;
use super::state::{Journal, Last};
use crate::base::backoff::Backoff;
use crate::base::schedule::Schedule;
use crate::base::time;
use crate::client::ClientError;

/// Longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// When an endpoint that the server lacks is looked for again: a newer server may have it.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(6);
/// Longest delay unless configured otherwise.
const USUAL_JITTER: Duration = Duration::from_secs(30);

pub struct Worker {
    pub job: Job,
    pub access: Arc<Access>,
    pub journal: Arc<Journal>,
    /// Calls that may run at once, of all jobs together.
    pub places: Arc<Semaphore>,
    pub tick: Duration,
    pub jitter: Option<Duration>,
    pub stopping: watch::Receiver<bool>,
}

impl Worker {
    pub async fn run(mut self) {
        let mut last = self.journal.last(self.job.name);
        let mut is_missing_told = false;
        loop {
            let due = self.due(&last);
            if !self.sleep_until(due).await {
                return;
            }
            let Ok(_place) = self.places.acquire().await else { return };
            if *self.stopping.borrow() {
                return;
            }
            tracing::debug!(job = self.job.name, "running");
            let began = time::now();
            let outcome = self.access.call(&self.job).await;
            last = self.judge(&last, began, outcome, &mut is_missing_told);
            self.journal.note(self.job.name, last.clone());
        }
    }

    /// When the job runs next.
    fn due(&self, last: &Last) -> Timestamp {
        let now = time::now();
        let regular = last.succeeded_at.map_or(now, |at| self.job.schedule.next_after(at).unwrap_or(Timestamp::MAX));
        let due = last.not_before.map_or(regular, |not_before| not_before.max(now));
        let jitter = SignedDuration::try_from(self.longest_jitter().mul_f64(rand::random())).unwrap_or_default();
        due.max(now).checked_add(jitter).unwrap_or(due)
    }

    fn longest_jitter(&self) -> Duration {
        let tenth = match self.job.schedule {
            Schedule::Every(interval) => interval.unsigned_abs() / 10,
            _ => USUAL_JITTER,
        };
        self.jitter.unwrap_or(USUAL_JITTER.min(tenth))
    }

    /// `false` when told to stop. Looks at the clock again and again, since it may be set, or the machine sleep.
    async fn sleep_until(&mut self, due: Timestamp) -> bool {
        loop {
            if *self.stopping.borrow() {
                return false;
            }
            let left = time::now().duration_until(due);
            if left <= SignedDuration::ZERO {
                return true;
            }
            let nap = left.unsigned_abs().min(self.tick);
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                _ = self.stopping.changed() => return false,
            }
        }
    }

    fn judge(
        &self,
        last: &Last,
        began: Timestamp,
        outcome: Result<(), ClientError>,
        is_missing_told: &mut bool,
    ) -> Last {
        let endpoint = format!("/{}", self.job.path.join("/"));
        let tried = Last { tried_at: Some(began), ..last.clone() };
        let error = match outcome {
            Ok(()) => {
                tracing::info!(job = self.job.name, endpoint, "job done");
                let result = Some("ok".to_owned());
                return Last { succeeded_at: Some(began), result, failures: 0, not_before: None, ..tried };
            }
            Err(error) => error,
        };
        let not_before = |pause: SignedDuration| time::now().checked_add(pause).ok();
        if matches!(error.status(), Some(404 | 405)) {
            if !*is_missing_told {
                tracing::info!(job = self.job.name, endpoint, "skipped: this server has no such endpoint");
                *is_missing_told = true;
            }
            let result = Some("skipped: this server has no such endpoint".to_owned());
            return Last { result, failures: 0, not_before: not_before(LOOK_AGAIN), ..tried };
        }
        let failures = last.failures.saturating_add(1);
        let pause = pause(self.tick, failures, &error);
        tracing::warn!(
            job = self.job.name,
            endpoint,
            failures,
            error = error.detail(),
            retry_in_s = pause.as_secs(),
            "job failed"
        );
        let result = Some(error.detail());
        let pause = SignedDuration::try_from(pause).unwrap_or_default();
        Last { result, failures, not_before: not_before(pause), ..tried }
    }
}

/// What the server asks for, else twice as long after each failure.
fn pause(tick: Duration, failures: u32, error: &ClientError) -> Duration {
    if let ClientError::Status { retry_after: Some(asked), .. } = error {
        return asked.0.min(LONGEST_PAUSE);
    }
    Backoff { initial: tick, max: LONGEST_PAUSE }.delay(failures)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::client::RetryAfter;

    #[test]
    fn pauses() {
        let failed = |retry_after: Option<u64>| ClientError::Status {
            status: 503,
            body: Value::Null,
            retry_after: retry_after.map(|seconds| RetryAfter(Duration::from_secs(seconds))),
        };
        let seconds = |failures, retry_after| pause(Duration::from_secs(30), failures, &failed(retry_after)).as_secs();
        assert_eq!((1..6).map(|failures| seconds(failures, None)).collect::<Vec<_>>(), [30, 60, 120, 240, 480]);
        assert_eq!((seconds(50, None), seconds(1, Some(7)), seconds(9, Some(99_999))), (3600, 7, 3600));
    }
}
