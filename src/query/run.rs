//! Running queries concurrently, with limits on their number and time.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::execute::{self, QueryAnswer};
use super::instance::{self, Instances};
use super::{MAX_RESPONSE_BYTES, QueryError, QuerySettings, policy};
use crate::access::ReadableTable;
use crate::base::concurrency::ConcurrencyLimit;
use crate::engine::InterruptHandle;
use crate::engine::parse::Parser;

/// The engine parses deep expressions by recursion.
const STACK_BYTES: usize = 32 * 1024 * 1024;
/// An interrupt between two statements is lost, so it is repeated until the query has ended.
const INTERRUPT_EVERY: Duration = Duration::from_millis(10);

/// Runs callers' queries; one per server. Cheap to clone.
#[derive(Clone)]
pub struct QueryEngine(Arc<Inner>);

struct Inner {
    parser: Mutex<Parser>,
    instances: Instances,
    timeout: Duration,
    limit: ConcurrencyLimit,
}

/// Shared by a query's thread and its watcher.
#[derive(Default)]
struct Control {
    interrupt: OnceLock<Arc<InterruptHandle>>,
    stopped: CancellationToken,
    finished: CancellationToken,
}

impl QueryEngine {
    pub fn new(settings: QuerySettings) -> Result<Self, QueryError> {
        Ok(Self(Arc::new(Inner {
            parser: Mutex::new(Parser::new()?),
            instances: Instances::new(&settings)?,
            timeout: settings.timeout,
            limit: ConcurrencyLimit::new(settings.concurrency.max(1), settings.max_waiting),
        })))
    }

    /// Runs one `SELECT` over `readable`, everything that the caller may read of one publication.
    ///
    /// `exists` returns whether anybody can read a table of that name (403 rather than "does not exist"). Dropping the
    /// future stops the query.
    pub async fn run(
        &self,
        generation: u64,
        readable: Vec<ReadableTable>,
        exists: impl Fn(&str) -> bool + Send + 'static,
        sql: String,
        limit: usize,
    ) -> Result<QueryAnswer, QueryError> {
        let started = Instant::now();
        let reservation = self.0.limit.reserve().map_err(|_| QueryError::Busy)?;
        let Ok(Ok(permit)) = tokio::time::timeout(self.0.timeout, reservation.acquire()).await else {
            return Err(QueryError::Timeout { elapsed: started.elapsed() });
        };

        let control = Arc::new(Control::default());
        let _stop_when_dropped = control.stopped.clone().drop_guard();
        let deadline = tokio::time::Instant::from_std(started + self.0.timeout);
        tokio::spawn(watch(control.clone(), deadline));

        let (sender, receiver) = oneshot::channel();
        let (inner, shared) = (self.0.clone(), control.clone());
        let work = move || {
            let _permit = permit;
            let _finished = shared.finished.clone().drop_guard();
            // Fails when the caller is gone.
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
    /// Number of queries that would be admitted now.
    pub fn available(&self) -> usize {
        self.0.limit.available()
    }

    pub fn instances(&self) -> usize {
        self.0.instances.len()
    }
}

/// Interrupts the query at its deadline, or when it is cancelled.
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

/// Returns whether the text contains the name of a remote table. If it means something else there, the source is attached
/// in vain.
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
            // A connection to a source may be permanently broken.
            self.instances.discard(&instance);
        }
        answer
    }
}
