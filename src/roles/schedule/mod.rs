//! `agnes schedule`: calls the server's endpoints on schedule. Nothing else triggers scheduled work.

mod job;
mod session;
mod settings;
mod state;
mod worker;

pub use settings::ScheduleSettings;
pub use state::{LastRun, State};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::base::time;
use job::Job;
use session::ServerSession;
use state::Journal;
use worker::Worker;

/// Calls of different jobs; a job never runs twice at the same time.
const MAX_CONCURRENT: usize = 4;
/// How long running calls may continue after the signal to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs until `stop` completes.
pub async fn run(settings: ScheduleSettings, stop: impl Future<Output = ()>) {
    let jobs = settings.jobs.len();
    tracing::info!(server = %settings.server, jobs, tick = settings.tick.as_secs(), "scheduler started");
    let (stop_sender, stopping) = watch::channel(false);
    let server = Arc::new(ServerSession::new(&settings));
    let journal = Arc::new(Journal::open(settings.state_file.clone()));
    let permits = Arc::new(Semaphore::new(MAX_CONCURRENT));
    let mut workers = JoinSet::new();
    for job in &settings.jobs {
        tracing::info!(job = job.name, schedule = job.shown, "scheduled");
        let worker = Worker {
            job: job.clone(),
            server: Arc::clone(&server),
            journal: Arc::clone(&journal),
            permits: Arc::clone(&permits),
            tick: settings.tick,
            jitter: settings.jitter,
            stopping: stopping.clone(),
        };
        workers.spawn(worker.run());
    }
    drop(stopping);
    stop.await;
    let _ = stop_sender.send(true);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, async { while workers.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!("stopping although some jobs have not ended; the server completes them");
    }
    tracing::info!("scheduler stopped");
}

/// A job and its last run.
#[derive(Debug, serde::Serialize)]
pub struct Status {
    pub job: &'static str,
    pub schedule: String,
    #[serde(flatten)]
    pub last: LastRun,
    /// When it is due next, unless it failed; null: now.
    pub next: Option<String>,
}

/// The last runs of all jobs, from the scheduler's state file.
pub fn status(settings: &ScheduleSettings) -> Vec<Status> {
    let state = State::read(&settings.state_file);
    let one = |job: &Job| {
        let last = state.jobs.get(job.name).cloned().unwrap_or_default();
        let next = last.succeeded_at.and_then(|at| job.schedule.next_after(at)).map(time::iso_naive);
        Status { job: job.name, schedule: job.shown.clone(), last, next }
    };
    settings.jobs.iter().map(one).collect()
}
