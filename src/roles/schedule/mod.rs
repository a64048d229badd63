//! `agnes schedule`: calls the server's endpoints on time. It is the only driver of scheduled work.

mod access;
mod job;
mod settings;
mod state;
mod worker;

pub use settings::{Settings, SettingsError};
pub use state::{Last, State};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::base::time;
use access::Access;
use job::Job;
use state::Journal;
use worker::Worker;

/// Calls that run at once; a job never runs twice at a time.
const AT_ONCE: usize = 4;
/// How long running calls may go on after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Runs until `stop` completes.
pub async fn run(settings: Settings, stop: impl Future<Output = ()>) {
    let jobs = settings.jobs.len();
    tracing::info!(server = %settings.server, jobs, tick = settings.tick.as_secs(), "scheduler started");
    let (stopper, stopping) = watch::channel(false);
    let access = Arc::new(Access::new(&settings));
    let journal = Arc::new(Journal::open(settings.state_file.clone()));
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut workers = JoinSet::new();
    for job in &settings.jobs {
        tracing::info!(job = job.name, schedule = job.shown, "scheduled");
        let worker = Worker {
            job: job.clone(),
            access: Arc::clone(&access),
            journal: Arc::clone(&journal),
            places: Arc::clone(&places),
            tick: settings.tick,
            jitter: settings.jitter,
            stopping: stopping.clone(),
        };
        workers.spawn(worker.run());
    }
    drop(stopping);
    stop.await;
    let _ = stopper.send(true);
    if tokio::time::timeout(GRACE, async { while workers.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("stopping although some jobs have not ended; the server goes on with them");
    }
    tracing::info!("scheduler stopped");
}

/// A job as people see it.
#[derive(Debug, serde::Serialize)]
pub struct Status {
    pub job: &'static str,
    pub schedule: String,
    #[serde(flatten)]
    pub last: Last,
    /// When it is due next, unless it failed; null: at once.
    pub next: Option<String>,
}

/// What the jobs did, by the file that the scheduler keeps.
pub fn status(settings: &Settings) -> Vec<Status> {
    let state = State::read(&settings.state_file);
    let one = |job: &Job| {
        let last = state.jobs.get(job.name).cloned().unwrap_or_default();
        let next = last.succeeded_at.and_then(|at| job.schedule.next_after(at)).map(time::iso_naive);
        Status { job: job.name, schedule: job.shown.clone(), last, next }
    };
    settings.jobs.iter().map(one).collect()
}
