//! The handle on the state database: changes go to the writer thread, reads to connections beside it.

mod backup;
mod connections;
mod thread;

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use self::connections::Connections;
use self::thread::Writer;
use super::{Change, MigrationContext, OpenError, Reader, Result, Seeds, Snapshot, StoreError};
use crate::base::concurrency::ConcurrencyLimit;
use crate::base::panic_text;
use crate::config::DataDir;
use crate::engine::{self, Connection, Watch};

/// Changes of callers that may wait for the writer.
const MAX_WAITING_CHANGES: usize = 1_000;
/// How long a caller's change may wait for its turn.
const MAX_CHANGE_WAIT: Duration = Duration::from_secs(20);
/// How long a caller's change may hold up all others; then it is rolled back.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(5);
/// Reads that run at the same time.
const MAX_CONCURRENT_READS: usize = 4;
/// Reads that may wait beside those that run.
const MAX_WAITING_READS: usize = 64;
/// How long a read may take, the wait included.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The open state database. Cheap to clone; the database is closed when [`Store::close`] returns.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    open: Arc<AtomicBool>,
    connections: Arc<Connections>,
    /// Places of callers' changes in the writer's queue.
    places: Arc<Semaphore>,
    reads: ConcurrencyLimit,
}

/// A change together with the state that it started from.
pub struct Transaction<'a> {
    change: Change<'a>,
    snapshot: Arc<Snapshot>,
}

impl Transaction<'_> {
    /// The state that the change started from. Changes run one after the other, so a rule that is checked against it still
    /// holds at the commit.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl<'a> Deref for Transaction<'a> {
    type Target = Change<'a>;

    fn deref(&self) -> &Change<'a> {
        &self.change
    }
}

enum Job {
    Run(Box<dyn FnOnce(&mut Writer) + Send>),
    Close(oneshot::Sender<()>),
}

impl Store {
    /// Takes the data directory, migrates, seeds and starts the writer thread.
    pub fn open(data_dir: &DataDir, context: &MigrationContext, seeds: &Seeds) -> Result<Self, OpenError> {
        let mut writer = Writer::open(data_dir, context, &seeds.google)?;
        writer.seed(seeds)?;
        let (jobs, queue) = mpsc::channel();
        let store = Self {
            jobs,
            snapshot: Arc::clone(&writer.snapshot),
            open: Arc::clone(&writer.open),
            connections: Arc::clone(&writer.connections),
            places: Arc::new(Semaphore::new(MAX_WAITING_CHANGES)),
            reads: ConcurrencyLimit::new(MAX_CONCURRENT_READS, MAX_WAITING_READS),
        };
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(&queue))
            .map_err(|source| OpenError::NotWritable { path: data_dir.root().to_owned(), source })?;
        Ok(store)
    }

    /// The state after the last commit.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Makes a change of a caller in one transaction; when this returns `Ok`, it is on disk, in the snapshot and in every
    /// later read. Refuses it when many are waiting, and rolls it back when it takes long.
    pub async fn write<T, E>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| StoreError::Busy)?;
        let turn = Instant::now() + MAX_CHANGE_WAIT;
        // The caller may have gone away; the change is made all the same.
        let job = move |writer: &mut Writer| {
            let _place = place;
            if Instant::now() > turn {
                return Err(StoreError::Busy.into());
            }
            writer.change(Some(CHANGE_TIMEOUT), change)
        };
        self.run(job).await?
    }

    /// As [`Store::write`], for results of the server's own work, which must not be lost: however many changes are
    /// waiting, and however long it takes.
    pub async fn write_results<T, E>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(move |writer| writer.change(None, change)).await?
    }

    /// Reads what is not in the snapshot, as of the last commit, beside changes and other reads. Dropping the future
    /// stops the read.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader<'_>) -> engine::Result<T> + Send + 'static,
    ) -> Result<T> {
        let deadline = Instant::now() + READ_TIMEOUT;
        let permit = timeout_at(deadline, self.reads.acquire()).await.map_err(|_| StoreError::TimedOut)?;
        let permit = permit.map_err(|_| StoreError::Busy)?;
        let watch = Watch::new();
        let _stop = watch.stop_on_drop();
        let store = self.clone();
        let work = move || {
            let _permit = permit;
            store.read_now(watch, deadline, read)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?
    }

    fn read_now<T>(
        &self,
        watch: Watch,
        deadline: Instant,
        read: impl FnOnce(&Reader<'_>) -> engine::Result<T>,
    ) -> Result<T> {
        let begin = || self.connections.lease("BEGIN TRANSACTION READ ONLY", &watch);
        // After a fatal error the engine refuses everything until the writer has opened the database again.
        let lease = begin().or_else(|_| self.reopen().and_then(|()| begin()))?;
        let limit = deadline.saturating_duration_since(Instant::now());
        match self.connections.run(lease, watch, limit, |connection| read(&Reader::new(connection)))? {
            Err(_) if Instant::now() >= deadline => Err(StoreError::TimedOut),
            Err(_) if !self.connections.is_open() => Err(StoreError::Closed),
            outcome => Ok(outcome?),
        }
    }

    /// Has the writer open the database again if it has to.
    fn reopen(&self) -> Result<()> {
        let (answer, opened) = mpsc::channel();
        let job = Job::Run(Box::new(move |writer| _ = answer.send(writer.ensure_open())));
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        opened.recv().map_err(|_| StoreError::Closed)?
    }

    /// Runs a job on the writer thread.
    async fn run<T: Send + 'static>(&self, job: impl FnOnce(&mut Writer) -> T + Send + 'static) -> Result<T> {
        let (answer, outcome) = oneshot::channel();
        let job = Job::Run(Box::new(move |writer| _ = answer.send(job(writer))));
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        outcome.await.map_err(|_| StoreError::Closed)
    }

    /// Whether the writer is at work.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Stops reads, merges the log, closes the database and lets go of the data directory.
    pub async fn close(&self) {
        let (answer, done) = oneshot::channel();
        if self.jobs.send(Job::Close(answer)).is_ok() {
            let _ = done.await;
        }
    }
}

/// Ends a transaction, and returns whether there was one.
fn rollback(connection: &Connection) -> bool {
    let outcome = connection.execute_batch("ROLLBACK");
    if let Err(error) = &outcome {
        tracing::debug!(error = engine::message(error), "nothing to roll back");
    }
    outcome.is_ok()
}

/// Runs work of a caller, whose panic must not end the thread.
fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| StoreError::Broken(panic_text(panic.as_ref()).to_owned()))
}

#[cfg(test)]
mod tests;
