//! The writer thread, the only holder of the state database while a process runs.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::snapshot::{Parts, Snapshot};
use super::{Facts, OpenError, Seeds, StoreError, migrate, seed};
use crate::base::lock::{FileLock, LockError};
use crate::base::{atomic_file, time};
use crate::config::DataDir;
use crate::engine::{self, Connection, Limits};

/// How long the write-ahead log may grow before it is merged into the database file.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// How often a verified copy of the database is put aside, if anything changed.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(3600);
/// How many of these copies are kept.
const SNAPSHOTS_KEPT: usize = 3;

/// The open state database. Cheap to clone; the database is closed when [`Store::close`] returns.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    snapshot: Arc<ArcSwap<Snapshot>>,
}

/// A change as it runs: the connection within its transaction, and what of the snapshot it makes stale.
pub struct Change<'a> {
    pub(super) connection: &'a Connection,
    /// One time for all rows of this change.
    pub(super) now: Timestamp,
    stale: Cell<Parts>,
}

impl Change<'_> {
    pub(super) fn touch(&self, parts: Parts) {
        self.stale.set(self.stale.get() | parts);
    }

    /// Runs a statement; parameters only.
    pub(super) fn execute(&self, sql: &str, params: impl engine::Params) -> Result<usize, StoreError> {
        Ok(self.connection.execute(sql, params)?)
    }

    /// Whether a query finds anything.
    pub(super) fn exists(&self, sql: &str, params: impl engine::Params) -> Result<bool, StoreError> {
        Ok(self.connection.prepare(sql)?.exists(params)?)
    }
}

enum Job {
    Change(Box<dyn FnOnce(&mut Writer) + Send>),
    Close(oneshot::Sender<()>),
}

struct Writer {
    connection: Connection,
    data_dir: DataDir,
    snapshot: Arc<ArcSwap<Snapshot>>,
    unmerged: bool,
    uncopied: bool,
    _lock: FileLock,
}

impl Store {
    /// Takes the data directory, migrates, seeds and starts the writer thread.
    pub fn open(data_dir: &DataDir, facts: &Facts, seeds: &Seeds) -> Result<Self, OpenError> {
        let root = || data_dir.root().to_owned();
        let lock = FileLock::acquire(&data_dir.lock()).map_err(|error| match error {
            LockError::Held(_) => OpenError::InUse { path: root(), holder: error },
            LockError::Io(source) => OpenError::NotWritable { path: root(), source },
        })?;
        atomic_file::sweep(data_dir.root());
        let path = data_dir.system_db();
        migrate::prepare(&path, facts)?;
        let failed = |source| OpenError::Engine { path: path.clone(), source };
        let connection = open_database(&path).map_err(failed)?;
        let snapshot = Snapshot::load(&connection).map_err(failed)?;
        let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
        let mut writer = Writer {
            connection,
            data_dir: data_dir.clone(),
            snapshot: Arc::clone(&snapshot),
            unmerged: false,
            uncopied: false,
            _lock: lock,
        };
        writer.change(|change| seed::seed(change, seeds))?;
        let (jobs, queue) = mpsc::channel();
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(&queue))
            .map_err(|source| OpenError::NotWritable { path: root(), source })?;
        Ok(Self { jobs, snapshot })
    }

    /// The state after the last commit.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Makes a change in one transaction; when this returns `Ok`, it is on disk and in the snapshot.
    pub async fn write<T, E>(&self, change: impl FnOnce(&Change<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let job = Job::Change(Box::new(move |writer| {
            // The caller may have gone away; the change is made all the same.
            let _ = answer.send(writer.change(change));
        }));
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        outcome.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Merges the log, closes the database and lets go of the data directory.
    pub async fn close(&self) {
        let (answer, done) = oneshot::channel();
        if self.jobs.send(Job::Close(answer)).is_ok() {
            let _ = done.await;
        }
    }
}

fn open_database(path: &Path) -> engine::Result<Connection> {
    engine::open(path, &Limits::small())
}

impl Writer {
    fn run(mut self, queue: &mpsc::Receiver<Job>) {
        let (mut merged_at, mut copied_at) = (Instant::now(), Instant::now());
        loop {
            match queue.recv_timeout(CHECKPOINT_EVERY) {
                Ok(Job::Change(job)) => job(&mut self),
                Ok(Job::Close(answer)) => {
                    self.merge();
                    drop(self);
                    let _ = answer.send(());
                    return;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return self.merge(),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if self.unmerged && merged_at.elapsed() >= CHECKPOINT_EVERY {
                self.merge();
                merged_at = Instant::now();
            }
            if self.uncopied && copied_at.elapsed() >= SNAPSHOT_EVERY {
                self.copy();
                copied_at = Instant::now();
            }
        }
    }

    fn change<T, E: From<StoreError>>(&mut self, change: impl FnOnce(&Change<'_>) -> Result<T, E>) -> Result<T, E> {
        self.begin().map_err(StoreError::from)?;
        let context = Change { connection: &self.connection, now: time::now(), stale: Cell::new(Parts::NONE) };
        // A panic must not take the writer, and with it the server, down.
        let outcome = catch_unwind(AssertUnwindSafe(|| change(&context)));
        let stale = context.stale.get();
        let value = match outcome {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => {
                self.rollback();
                return Err(error);
            }
            Err(panic) => {
                self.rollback();
                let text = panic.downcast_ref::<&str>().map_or("panic", |text| *text);
                return Err(StoreError::Broken(text.to_owned()).into());
            }
        };
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            self.rollback();
            return Err(StoreError::from(error).into());
        }
        (self.unmerged, self.uncopied) = (true, true);
        if stale != Parts::NONE {
            match self.snapshot.load().reload(&self.connection, stale) {
                Ok(snapshot) => self.snapshot.store(Arc::new(snapshot)),
                Err(error) => return Err(StoreError::from(error).into()),
            }
        }
        Ok(value)
    }

    /// Begins a transaction. A fatal error (such as a full disk during a commit) makes DuckDB refuse everything until
    /// the file is opened again, so that is tried once.
    fn begin(&mut self) -> engine::Result<()> {
        if self.connection.execute_batch("BEGIN").is_ok() {
            return Ok(());
        }
        // The old connection must be gone before the file can be opened anew.
        self.connection = engine::in_memory(&Limits::small())?;
        self.connection = open_database(&self.data_dir.system_db())?;
        tracing::warn!("the state database had to be opened again after a fatal error");
        self.snapshot.store(Arc::new(Snapshot::load(&self.connection)?));
        self.connection.execute_batch("BEGIN")
    }

    fn rollback(&self) {
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            tracing::debug!(error = engine::message(&error), "nothing to roll back");
        }
    }

    fn merge(&mut self) {
        match self.connection.execute_batch("CHECKPOINT") {
            Ok(()) => self.unmerged = false,
            Err(error) => tracing::warn!(error = engine::message(&error), "cannot merge the log of the state database"),
        }
    }

    /// A logical copy, which reads every row and so verifies the database; made by SQL, since opening the file a second
    /// time in this process would drop its lock.
    fn copy(&mut self) {
        match self.try_copy() {
            Ok(path) => {
                self.uncopied = false;
                tracing::info!(path = %path.display(), "state database copied");
            }
            Err(error) => tracing::error!(%error, "cannot copy the state database"),
        }
    }

    fn try_copy(&self) -> Result<PathBuf, Box<dyn std::error::Error>> {
        let directory = self.data_dir.snapshots();
        let stamp = time::civil(time::now()).strftime("%Y%m%dT%H%M%S%6f");
        let target = directory.join(format!("system-{stamp}.duckdb"));
        let pending = atomic_file::Pending::beside(&target, atomic_file::PRIVATE)?;
        let attach = format!("ATTACH {} AS copy", crate::base::ident::quote_path(pending.path()));
        self.connection.execute_batch(&attach)?;
        let copied = self.connection.execute_batch("COPY FROM DATABASE system TO copy; CHECKPOINT copy");
        self.connection.execute_batch("DETACH copy")?;
        copied?;
        pending.commit()?;
        let mut copies: Vec<PathBuf> = std::fs::read_dir(&directory)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "duckdb"))
            .collect();
        copies.sort();
        for old in copies.iter().rev().skip(SNAPSHOTS_KEPT) {
            atomic_file::remove(old)?;
        }
        Ok(target)
    }
}
