//! The writer thread, the only one that changes the state database while a process runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::connections::Connections;
use super::{Job, Transaction, backup, catch_panic, rollback};
use crate::base::atomic_file;
use crate::base::lock::{FileLock, LockError};
use crate::config::{DataDir, GoogleGroups};
use crate::engine::{self, Connection, Limits, Watch};
use crate::store::{
    Change, MigrationContext, OpenError, Reader, Result, Seeds, Snapshot, StoreError, VERSION, audit, migrate, seed,
    sessions,
};

/// How long the write-ahead log may grow before it is merged into the database file.
const MERGE_EVERY: Duration = Duration::from_secs(60);
/// How often expired rows are deleted and a verified copy of the database is made, if anything changed.
const COPY_EVERY: Duration = Duration::from_secs(3600);

pub(super) struct Writer {
    /// `None` while the database cannot be opened.
    pub(super) connection: Option<Connection>,
    data_dir: DataDir,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    /// Cleared while the database cannot be used.
    pub(super) open: Arc<AtomicBool>,
    pub(super) connections: Arc<Connections>,
    google: Arc<GoogleGroups>,
    audit_head: audit::Head,
    unmerged: bool,
    uncopied: bool,
    /// Returns whether the copy was made.
    pub(super) copying: Option<JoinHandle<bool>>,
    _lock: FileLock,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.open.store(false, Ordering::Release);
        self.connections.close();
        self.collect_copy();
    }
}

impl Writer {
    /// Takes the data directory and brings the database to the current version.
    pub(super) fn open(
        data_dir: &DataDir,
        context: &MigrationContext,
        google: &GoogleGroups,
    ) -> Result<Self, OpenError> {
        let root = || data_dir.root().to_owned();
        let lock = FileLock::acquire(&data_dir.lock()).map_err(|error| match error {
            LockError::Held(_) => OpenError::InUse { path: root(), holder: error },
            LockError::Io(source) => OpenError::NotWritable { path: root(), source },
        })?;
        atomic_file::sweep(data_dir.root());
        let path = data_dir.system_db();
        migrate::prepare(&path, context)?;
        let failed = |source| OpenError::Engine { path: path.clone(), source };
        let connection = engine::open(&path, &Limits::small()).map_err(failed)?;
        migrate::complete(&connection).map_err(failed)?;
        let mut writer = Self {
            connection: None,
            data_dir: data_dir.clone(),
            snapshot: Arc::default(),
            open: Arc::new(AtomicBool::new(true)),
            connections: Arc::default(),
            google: Arc::new(google.clone()),
            audit_head: audit::Head::default(),
            unmerged: false,
            uncopied: false,
            copying: None,
            _lock: lock,
        };
        writer.take(&connection).map_err(failed)?;
        writer.connection = Some(connection);
        Ok(writer)
    }

    /// Makes sure of what every start needs. A newer program may have other ideas about that.
    pub(super) fn seed(&mut self, seeds: &Seeds) -> Result<()> {
        if self.snapshot.load().schema_version > VERSION {
            return Ok(());
        }
        self.change(None, |change| seed::seed(change, seeds))
    }

    /// Runs jobs until the store is closed.
    pub(super) fn run(mut self, queue: &mpsc::Receiver<Job>) {
        let (mut merged_at, mut copied_at) = (Instant::now(), Instant::now());
        let closed = loop {
            match queue.recv_timeout(MERGE_EVERY) {
                Ok(Job::Run(job)) => job(&mut self),
                Ok(Job::Close(answer)) => break Some(answer),
                Err(mpsc::RecvTimeoutError::Disconnected) => break None,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if self.unmerged && merged_at.elapsed() >= MERGE_EVERY {
                self.merge();
                merged_at = Instant::now();
            }
            if self.copying.as_ref().is_some_and(JoinHandle::is_finished) {
                self.collect_copy();
            }
            if self.uncopied && copied_at.elapsed() >= COPY_EVERY {
                self.expire();
                self.start_copy();
                copied_at = Instant::now();
            }
        };
        self.connections.close();
        self.merge();
        drop(self);
        if let Some(answer) = closed {
            let _ = answer.send(());
        }
    }

    /// Makes a change in one transaction; one that takes longer than `limit` is rolled back.
    pub(super) fn change<T, E: From<StoreError>>(
        &mut self,
        limit: Option<Duration>,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.begin().map_err(StoreError::from)?;
        let outcome = self.transact(&connection, limit, change);
        self.connection = Some(connection);
        outcome
    }

    /// Opens the database again if the engine refuses to go on.
    pub(super) fn ensure_open(&mut self) -> Result<()> {
        let connection = self.begin()?;
        rollback(&connection);
        self.connection = Some(connection);
        Ok(())
    }

    fn transact<T, E: From<StoreError>>(
        &mut self,
        connection: &Connection,
        limit: Option<Duration>,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let made = Change::new(connection, self.audit_head.clone());
        let transaction = Transaction { change: made, snapshot: self.snapshot.load_full() };
        let begun = Instant::now();
        let work = || match limit {
            Some(limit) => engine::within(connection, limit, |_| change(&transaction)),
            None => change(&transaction),
        };
        // A panic must not take the writer, and with it the server, down.
        let outcome = catch_panic(work).map_err(E::from).flatten();
        let is_late = limit.is_some_and(|limit| begun.elapsed() >= limit);
        let outcome = if is_late { Err(StoreError::TooLong.into()) } else { outcome };
        let value = outcome.inspect_err(|_| _ = rollback(connection))?;
        let committed = connection.execute_batch("COMMIT").inspect_err(|_| _ = rollback(connection));
        committed.map_err(StoreError::from)?;
        let (audit_head, written) = transaction.change.finish();
        (self.unmerged, self.uncopied) = (true, true);
        self.audit_head = audit_head;
        if Snapshot::is_made_from(&written) {
            self.publish(connection, &written)?;
        }
        Ok(value)
    }

    /// Shows the committed state to requests. If it cannot be read back, the server must not go on deciding by old
    /// grants: nobody is let in until a later change could read it.
    fn publish(&self, connection: &Connection, written: &BTreeSet<&str>) -> Result<()> {
        let reader = &Reader::new(connection);
        let previous = self.snapshot.load_full();
        let is_whole = previous.schema_version > 0;
        let reloaded = if is_whole { previous.reload(reader, written) } else { Snapshot::load(reader, &self.google) };
        let reloaded = reloaded.or_else(|_| Snapshot::load(reader, &self.google)).inspect_err(|error| {
            tracing::error!(error = engine::message(error), "the state database cannot be read; nobody is let in");
            self.snapshot.store(Arc::default());
            self.open.store(false, Ordering::Release);
        });
        self.snapshot.store(reloaded?.into());
        Ok(())
    }

    fn begin(&mut self) -> engine::Result<Connection> {
        let begun = self.try_begin();
        self.open.store(begun.is_ok(), Ordering::Release);
        begun
    }

    /// Takes the connection and begins a transaction. A fatal error (such as a full disk during a commit) makes DuckDB
    /// refuse everything until the file is opened again; that is tried before each change until it works.
    fn try_begin(&mut self) -> engine::Result<Connection> {
        if let Some(connection) = self.connection.take()
            && connection.execute_batch("BEGIN").is_ok()
        {
            return Ok(connection);
        }
        // The instance that failed ends with its last connection, and must not touch the file after that.
        self.connections.close();
        let connection = engine::open(&self.data_dir.system_db(), &Limits::small())?;
        tracing::warn!("the state database had to be opened again after a fatal error");
        self.take(&connection)?;
        connection.execute_batch("BEGIN")?;
        Ok(connection)
    }

    /// Goes on with a database that was just opened.
    fn take(&mut self, connection: &Connection) -> engine::Result<()> {
        let reader = &Reader::new(connection);
        self.snapshot.store(Arc::new(Snapshot::load(reader, &self.google)?));
        self.audit_head = audit::head(reader)?;
        self.connections.open(connection.try_clone()?);
        Ok(())
    }

    /// Reads that go on meanwhile keep what they see.
    pub(super) fn merge(&mut self) {
        let Some(connection) = &self.connection else { return };
        match connection.execute_batch("CHECKPOINT") {
            Ok(()) => self.unmerged = false,
            Err(error) => tracing::warn!(error = engine::message(&error), "cannot merge the log of the state database"),
        }
    }

    /// Deletes rows that no longer count.
    fn expire(&mut self) {
        if let Err(error) = self.change(None, |change| sessions::expire(change)) {
            tracing::error!(%error, "cannot delete expired rows of the state database");
        }
    }

    /// Begins to copy the database, on a thread of its own.
    pub(super) fn start_copy(&mut self) {
        if self.copying.is_some() {
            return;
        }
        let (connections, directory) = (Arc::clone(&self.connections), self.data_dir.snapshots());
        let copying =
            std::thread::Builder::new().name("store-copy".into()).spawn(move || copy(&connections, &directory));
        match copying {
            Ok(copying) => (self.copying, self.uncopied) = (Some(copying), false),
            Err(error) => tracing::error!(%error, "cannot copy the state database"),
        }
    }

    /// Waits for the copy, if there is one, and remembers whether another one is needed.
    pub(super) fn collect_copy(&mut self) {
        if let Some(copying) = self.copying.take() {
            self.uncopied |= !copying.join().unwrap_or(false);
        }
    }
}

/// Copies the database on a connection of its own, and returns whether that succeeded.
fn copy(connections: &Connections, directory: &Path) -> bool {
    let watch = Watch::new();
    let copied = connections
        .lease("", &watch)
        .and_then(|lease| connections.run(lease, watch, COPY_EVERY, |connection| backup::copy(connection, directory)))
        .map_err(|error| error.to_string())
        .and_then(|copied| copied.map_err(|error| error.to_string()));
    match &copied {
        Ok(path) => tracing::info!(path = %path.display(), "state database copied"),
        Err(_) if !connections.is_open() => tracing::info!("the copy of the state database was abandoned"),
        Err(error) => tracing::error!(error, "cannot copy the state database"),
    }
    copied.is_ok()
}
