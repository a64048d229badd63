//! Workers that are ready: one without tables, and those that were used last.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use super::process::Worker;
use super::protocol::{Prepare, Request, Start};
use crate::base::locked;
use crate::query::QueryError;

/// Memory with which an idle worker is kept, in bytes.
const KEPT_BYTES: u64 = 256 * 1024 * 1024;

/// How workers are made.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// Our own executable.
    pub program: PathBuf,
    /// What the process sees.
    pub environment: Vec<(String, String)>,
    pub start: Start,
    /// Idle workers that are kept.
    pub kept: usize,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    spawn: Spawn,
    /// The last used last.
    idle: Mutex<VecDeque<Ready>>,
    /// Without tables yet.
    spare: Mutex<Option<Worker>>,
    missing: OnceLock<String>,
}

/// A worker that has its tables.
pub struct Ready {
    pub worker: Worker,
    prepare: Arc<Prepare>,
}

impl Pool {
    pub fn new(spawn: Spawn) -> Self {
        let (idle, spare) = Default::default();
        Self(Arc::new(Inner { spawn, idle, spare, missing: OnceLock::new() }))
    }

    /// A worker with exactly these tables.
    pub async fn take(&self, prepare: &Arc<Prepare>) -> Result<Ready, QueryError> {
        if let Some(ready) = self.take_idle(prepare) {
            return Ok(ready);
        }
        let spare = locked(&self.0.spare).take();
        self.replenish();
        match spare {
            Some(spare) => self.prepare(spare, prepare).await,
            None => self.prepare(self.spawn().await?, prepare).await,
        }
    }

    /// Like [`Self::take`], but the next one is not made ready.
    pub async fn take_one(&self, prepare: &Arc<Prepare>) -> Result<Ready, QueryError> {
        match self.take_idle(prepare) {
            Some(ready) => Ok(ready),
            None => self.prepare(self.spawn().await?, prepare).await,
        }
    }

    /// The layers of the sandbox that this kernel lacks, once there has been a worker.
    pub fn missing(&self) -> &str {
        self.0.missing.get().map_or("", String::as_str)
    }

    fn take_idle(&self, prepare: &Arc<Prepare>) -> Option<Ready> {
        let mut idle = locked(&self.0.idle);
        let found = idle.iter().rposition(|ready| ready.prepare == *prepare)?;
        idle.remove(found)
    }

    async fn prepare(&self, mut worker: Worker, prepare: &Arc<Prepare>) -> Result<Ready, QueryError> {
        let missing = worker.ask(&Request::Prepare(Prepare::clone(prepare))).await?;
        let _ = self.0.missing.set(missing);
        Ok(Ready { worker, prepare: prepare.clone() })
    }

    /// Keeps a worker whose request was carried out for the next one.
    pub fn give_back(&self, ready: Ready) {
        if ready.worker.resident_bytes().is_none_or(|bytes| bytes > KEPT_BYTES) {
            return;
        }
        let mut idle = locked(&self.0.idle);
        let newest = idle.iter().chain([&ready]).map(|ready| ready.prepare.generation).max().unwrap_or_default();
        idle.push_back(ready);
        let is_current = |ready: &Ready| [0, newest].contains(&ready.prepare.generation);
        let (mut current, mut surplus): (VecDeque<_>, VecDeque<_>) = idle.drain(..).partition(is_current);
        let count = current.len().saturating_sub(self.0.spawn.kept);
        surplus.extend(current.drain(..count));
        *idle = current;
        drop(idle);
        // Removes files.
        if !surplus.is_empty() {
            tokio::task::spawn_blocking(|| drop(surplus));
        }
    }

    /// Ends all workers that are not in use.
    pub async fn close(&self) {
        let idle = std::mem::take(&mut *locked(&self.0.idle));
        let spare = locked(&self.0.spare).take();
        for worker in idle.into_iter().map(|ready| ready.worker).chain(spare) {
            worker.end().await;
        }
    }

    /// Starts the next spare worker in the background.
    fn replenish(&self) {
        let pool = self.clone();
        tokio::spawn(async move {
            match pool.spawn().await {
                Ok(worker) => *locked(&pool.0.spare) = Some(worker),
                Err(error) => tracing::error!(%error, "cannot start a query worker"),
            }
        });
    }

    async fn spawn(&self) -> Result<Worker, QueryError> {
        let Spawn { program, environment, start, .. } = &self.0.spawn;
        let spill = start.spill.join(format!("query-{}", uuid::Uuid::new_v4().simple()));
        let start = Start { spill, ..start.clone() };
        let worker = Worker::spawn(program, environment, start).await;
        worker.map_err(|error| QueryError::Internal(format!("cannot start a query worker: {error}")))
    }
}
