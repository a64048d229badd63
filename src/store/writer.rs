//! The writer thread, the only holder of the state database while a process runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::oneshot;

use super::snapshot::SnapshotParts;
use super::{Change, Facts, OpenError, Reader, Seeds, Snapshot, StoreError, VERSION, audit, backup, migrate, seed};
use crate::base::lock::{FileLock, LockError};
use crate::base::{atomic_file, panic_text};
use crate::config::DataDir;
use crate::engine::{self, Connection, Limits};

/// How long the write-ahead log may grow before it is merged into the database file.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// How often a verified copy of the database is put aside, if anything changed.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(3600);

/// The open state database. Cheap to clone; the database is closed when [`Store::close`] returns.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    open: Arc<AtomicBool>,
}

enum Job {
    Change(Box<dyn FnOnce(&mut Writer) + Send>),
    Close(oneshot::Sender<()>),
}

struct Writer {
    /// `None` while the database cannot be opened.
    connection: Option<Connection>,
    data_dir: DataDir,
    snapshot: Arc<ArcSwap<Snapshot>>,
    /// Cleared while the database cannot be used.
    open: Arc<AtomicBool>,
    audit_head: audit::Head,
    unmerged: bool,
    uncopied: bool,
    _lock: FileLock,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.open.store(false, Ordering::Release);
    }
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
        migrate::complete(&connection).map_err(failed)?;
        let audit_head = audit::head(&Reader::new(&connection)).map_err(failed)?;
        let snapshot = Snapshot::load(&Reader::new(&connection)).map_err(failed)?;
        let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
        let open = Arc::new(AtomicBool::new(true));
        let mut writer = Writer {
            connection: Some(connection),
            data_dir: data_dir.clone(),
            snapshot: Arc::clone(&snapshot),
            open: Arc::clone(&open),
            audit_head,
            unmerged: false,
            uncopied: false,
            _lock: lock,
        };
        // A newer program may have other ideas about what must be there.
        if snapshot.load().schema_version <= VERSION {
            writer.change(|change| seed::seed(change, seeds))?;
        }
        let (jobs, queue) = mpsc::channel();
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(&queue))
            .map_err(|source| OpenError::NotWritable { path: root(), source })?;
        Ok(Self { jobs, snapshot, open })
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

    /// Reads what is not in the snapshot, between two changes. Keep it short: changes wait meanwhile.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader<'_>) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, outcome) = oneshot::channel();
        let job = Job::Change(Box::new(move |writer| _ = answer.send(writer.read(read))));
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        outcome.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Whether the writer is at work.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
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
        let begun = self.begin();
        self.open.store(begun.is_ok(), Ordering::Release);
        let connection = begun.map_err(StoreError::from)?;
        let outcome = self.transact(&connection, change);
        self.connection = Some(connection);
        outcome
    }

    fn read<T>(&mut self, read: impl FnOnce(&Reader<'_>) -> engine::Result<T>) -> Result<T, StoreError> {
        let connection = self.begin()?;
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&Reader::new(&connection))));
        rollback(&connection);
        self.connection = Some(connection);
        match outcome {
            Ok(outcome) => Ok(outcome?),
            Err(panic) => Err(StoreError::Broken(panic_text(panic.as_ref()).to_owned())),
        }
    }

    fn transact<T, E: From<StoreError>>(
        &mut self,
        connection: &Connection,
        change: impl FnOnce(&Change<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let context = Change::new(connection, self.snapshot.load_full(), self.audit_head.clone());
        // A panic must not take the writer, and with it the server, down.
        let outcome = catch_unwind(AssertUnwindSafe(|| change(&context)));
        let (audit_head, stale) = context.finish();
        let value = match outcome {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => {
                rollback(connection);
                return Err(error);
            }
            Err(panic) => {
                rollback(connection);
                return Err(StoreError::Broken(panic_text(panic.as_ref()).to_owned()).into());
            }
        };
        if let Err(error) = connection.execute_batch("COMMIT") {
            rollback(connection);
            return Err(StoreError::from(error).into());
        }
        (self.unmerged, self.uncopied) = (true, true);
        self.audit_head = audit_head;
        if !stale.is_empty() {
            self.publish(connection, stale)?;
        }
        Ok(value)
    }

    /// Shows the committed state to readers. If it cannot be read back, the server must not go on deciding by old
    /// grants: nobody is let in until a later change could read it.
    fn publish(&self, connection: &Connection, stale: SnapshotParts) -> Result<(), StoreError> {
        let reader = &Reader::new(connection);
        let before = self.snapshot.load_full();
        let is_whole = before.schema_version > 0;
        let reloaded = if is_whole { before.reload(reader, stale) } else { Snapshot::load(reader) };
        match reloaded.or_else(|_| Snapshot::load(reader)) {
            Ok(snapshot) => {
                self.snapshot.store(Arc::new(snapshot));
                Ok(())
            }
            Err(error) => {
                tracing::error!(error = engine::message(&error), "the state database cannot be read; nobody is let in");
                self.snapshot.store(Arc::new(Snapshot::default()));
                self.open.store(false, Ordering::Release);
                Err(StoreError::from(error))
            }
        }
    }

    /// Takes the connection and begins a transaction. A fatal error (such as a full disk during a commit) makes DuckDB
    /// refuse everything until the file is opened again; that is tried before each change until it works.
    fn begin(&mut self) -> engine::Result<Connection> {
        if let Some(connection) = self.connection.take()
            && connection.execute_batch("BEGIN").is_ok()
        {
            return Ok(connection);
        }
        let connection = open_database(&self.data_dir.system_db())?;
        tracing::warn!("the state database had to be opened again after a fatal error");
        self.snapshot.store(Arc::new(Snapshot::load(&Reader::new(&connection))?));
        self.audit_head = audit::head(&Reader::new(&connection))?;
        connection.execute_batch("BEGIN")?;
        Ok(connection)
    }

    fn merge(&mut self) {
        let Some(connection) = &self.connection else { return };
        match connection.execute_batch("CHECKPOINT") {
            Ok(()) => self.unmerged = false,
            Err(error) => tracing::warn!(error = engine::message(&error), "cannot merge the log of the state database"),
        }
    }

    fn copy(&mut self) {
        let Some(connection) = &self.connection else { return };
        match backup::copy(connection, &self.data_dir.snapshots()) {
            Ok(path) => {
                self.uncopied = false;
                tracing::info!(path = %path.display(), "state database copied");
            }
            Err(error) => tracing::error!(%error, "cannot copy the state database"),
        }
    }
}

fn rollback(connection: &Connection) {
    if let Err(error) = connection.execute_batch("ROLLBACK") {
        tracing::debug!(error = engine::message(&error), "nothing to roll back");
    }
}
