//! Running queries beside each other, within limits of number and time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::execute::{self, QueryAnswer};
use super::instance::{self, Instances};
use super::{MAX_RESPONSE_BYTES, QueryError, policy};
use crate::access::ReadableTable;
use crate::config::{DataDir, Environment, WrongValue, env_vars};
use crate::engine::parse::Parser;
use crate::engine::{self, InterruptHandle};
use crate::extract::RemotePolicy;

/// The engine parses deep expressions by recursion.
const STACK_BYTES: usize = 32 * 1024 * 1024;
/// An interrupt that comes between two statements is lost, so it is repeated until the query is gone.
const INTERRUPT_EVERY: Duration = Duration::from_millis(10);

#[derive(Clone, Debug)]
pub struct QuerySettings {
    /// Of each instance, as DuckDB writes it, e.g. `1GB`.
    pub memory: String,
    /// Of each instance.
    pub threads: usize,
    /// From the call to the answer, waiting included.
    pub timeout: Duration,
    /// Queries that may run at the same time.
    pub concurrency: usize,
    /// Queries that may wait beside those that run.
    pub max_waiting: usize,
    /// Directory for what does not fit in memory.
    pub spill: PathBuf,
    /// Directory of extensions; `None` is DuckDB's own.
    pub extensions: Option<PathBuf>,
    pub cached_instances: usize,
    /// How remote tables may be reached.
    pub remote: RemotePolicy,
}

impl QuerySettings {
    pub fn load(env: &Environment, data_dir: &DataDir, remote: RemotePolicy) -> Result<Self, WrongValue> {
        let concurrency: usize = env.number(&env_vars::AGNES_QUERY_CONCURRENCY)?;
        Ok(Self {
            memory: env.text(&env_vars::AGNES_QUERY_MEMORY).to_owned(),
            threads: env.number_if_set(&env_vars::AGNES_QUERY_THREADS)?.unwrap_or_else(engine::cores),
            timeout: env.duration(&env_vars::AGNES_QUERY_TIMEOUT)?,
            concurrency,
            max_waiting: concurrency * 8,
            spill: data_dir.spill(),
            extensions: env.get(&env_vars::AGNES_EXTENSION_DIR).map(Into::into),
            cached_instances: 8,
            remote,
        })
    }
}

/// Runs callers' queries; one for each server.
#[derive(Clone)]
pub struct QueryEngine(Arc<Inner>);

struct Inner {
    parser: Mutex<Parser>,
    instances: Instances,
    timeout: Duration,
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// What a query's thread and its watcher share.
#[derive(Default)]
struct Control {
    interrupt: OnceLock<Arc<InterruptHandle>>,
    stopped: CancellationToken,
    finished: CancellationToken,
}

impl QueryEngine {
    pub fn new(settings: QuerySettings) -> Result<Self, QueryError> {
        let concurrency = settings.concurrency.max(1);
        Ok(Self(Arc::new(Inner {
            parser: Mutex::new(Parser::new()?),
            instances: Instances::new(&settings)?,
            timeout: settings.timeout,
            admitted: Arc::new(Semaphore::new(concurrency + settings.max_waiting)),
            running: Arc::new(Semaphore::new(concurrency)),
        })))
    }

    /// Runs one `SELECT` over `readable`, everything that the caller may read of one publication.
    ///
    /// `exists` tells whether a table is there for anybody (then 403 instead of "does not exist"). Dropping the future
    /// stops the query.
    pub async fn run(
        &self,
        generation: u64,
        readable: Vec<ReadableTable>,
        exists: impl Fn(&str) -> bool + Send + 'static,
        sql: String,
        limit: usize,
    ) -> Result<QueryAnswer, QueryError> {
        let started = Instant::now();
        let admitted = self.0.admitted.clone().try_acquire_owned().map_err(|_| QueryError::Busy)?;
        let running = tokio::time::timeout(self.0.timeout, self.0.running.clone().acquire_owned()).await;
        let Ok(Ok(running)) = running else {
            return Err(QueryError::Timeout { elapsed: started.elapsed() });
        };

        let control = Arc::new(Control::default());
        let _stop_when_dropped = control.stopped.clone().drop_guard();
        let deadline = tokio::time::Instant::from_std(started + self.0.timeout);
        tokio::spawn(watch(control.clone(), deadline));

        let (sender, receiver) = oneshot::channel();
        let (inner, shared) = (self.0.clone(), control.clone());
        let work = move || {
            let _permits: [OwnedSemaphorePermit; 2] = [admitted, running];
            let _finished = shared.finished.clone().drop_guard();
            // Nobody listens when the caller went away.
            let _ = sender.send(inner.blocking(&shared, generation, &readable, &exists, &sql, limit));
        };
        std::thread::Builder::new()
            .name("query".into())
            .stack_size(STACK_BYTES)
            .spawn(work)
            .map_err(|error| QueryError::Internal(format!("cannot start a thread: {error}")))?;
        let answer = receiver.await.map_err(|_| QueryError::Internal("a query's thread died".into()))?;
        match answer {
            Err(_) if control.stopped.is_cancelled() => Err(QueryError::Timeout { elapsed: started.elapsed() }),
            answer => answer,
        }
    }
}

#[cfg(test)]
impl QueryEngine {
    /// How many more queries may come.
    pub fn free_places(&self) -> usize {
        self.0.admitted.available_permits()
    }

    pub fn instances(&self) -> usize {
        self.0.instances.len()
    }
}

/// Stops the query at its deadline, or when it was cancelled.
async fn watch(control: Arc<Control>, deadline: tokio::time::Instant) {
    tokio::select! {
        () = control.finished.cancelled() => return,
        () = control.stopped.cancelled() => {}
        () = tokio::time::sleep_until(deadline) => control.stopped.cancel(),
    }
    while !control.finished.is_cancelled() {
        if let Some(interrupt) = control.interrupt.get() {
            interrupt.interrupt();
        }
        let _ = tokio::time::timeout(INTERRUPT_EVERY, control.finished.cancelled()).await;
    }
}

/// Whether the text holds the name of a remote table. It may mean something else; then the source is attached in vain.
fn may_need_remote(readable: &[ReadableTable], sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let mut remote = readable.iter().map(ReadableTable::table).filter(|table| instance::remote(table).is_some());
    remote.any(|table| sql.contains(&table.name.to_lowercase()))
}

impl Inner {
    fn blocking(
        &self,
        control: &Control,
        generation: u64,
        readable: &[ReadableTable],
        exists: &dyn Fn(&str) -> bool,
        sql: &str,
        limit: usize,
    ) -> Result<QueryAnswer, QueryError> {
        let namespace = super::namespace::Namespace::new(readable);
        let parser = self.parser.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = policy::check(&parser, &namespace, exists, sql)?;
        drop(parser);
        let instance = self.instances.get(generation, readable, may_need_remote(readable, sql))?;
        let connection = instance.connect()?;
        let _ = control.interrupt.set(connection.interrupt_handle());
        if control.stopped.is_cancelled() {
            return Err(QueryError::Cancelled);
        }
        let answer = execute::execute(&connection, sql, limit, MAX_RESPONSE_BYTES, &|| control.stopped.is_cancelled());
        if matches!(answer, Err(QueryError::Internal(_))) || instance.is_remote() && answer.is_err() {
            // A connection to a source may be broken for good.
            self.instances.discard(&instance);
        }
        answer
    }
}
