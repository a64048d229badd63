//! Running queries concurrently, with limits on their number and time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::execute::{self, QueryAnswer};
use super::instance::{self, Instance, Instances};
use super::namespace::Namespace;
use super::{MAX_RESPONSE_BYTES, QueryError, QuerySettings, policy};
use crate::access::ReadableTable;
use crate::base::concurrency::ConcurrencyLimit;
use crate::base::locked;
use crate::engine::Watch;
use crate::engine::parse::Parser;
use crate::extract::Checked;

/// The engine parses deep expressions by recursion.
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// Runs callers' queries; one per server. Cheap to clone.
#[derive(Clone)]
pub struct QueryEngine(Arc<Inner>);

struct Inner {
    parser: Mutex<Parser>,
    instances: Instances,
    timeout: Duration,
    limit: ConcurrencyLimit,
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
        let deadline = started + self.0.timeout;
        let reservation = self.0.limit.reserve().map_err(|_| QueryError::Busy)?;
        let Ok(Ok(permit)) = tokio::time::timeout(self.0.timeout, reservation.acquire()).await else {
            return Err(QueryError::Timeout { elapsed: started.elapsed() });
        };

        let watch = Watch::new();
        let _stop_when_dropped = watch.stop_on_drop();
        let (sender, receiver) = oneshot::channel();
        let inner = self.0.clone();
        let work = move || {
            let _permit = permit;
            let is_stopped = || Instant::now() >= deadline || sender.is_closed();
            let answer = inner.answer(generation, &readable, &exists, (&sql, limit), watch, deadline, &is_stopped);
            // Fails when the caller is gone.
            let _ = sender.send(answer);
        };
        std::thread::Builder::new()
            .name("query".into())
            .stack_size(STACK_BYTES)
            .spawn(work)
            .map_err(|error| QueryError::Internal(format!("cannot start a thread: {error}")))?;
        let answer = receiver.await.map_err(|_| QueryError::Internal("a query's thread died".into()))?;
        match answer {
            Err(_) if Instant::now() >= deadline => Err(QueryError::Timeout { elapsed: started.elapsed() }),
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

/// Returns whether the text contains the name of a remote table. If it means something else there, the source is attached
/// in vain.
fn may_need_remote(readable: &[ReadableTable], sql: &str) -> bool {
    let sql = sql.to_lowercase();
    let mut remote = readable.iter().map(ReadableTable::table).filter(|table| instance::remote(table).is_some());
    remote.any(|table| sql.contains(&table.name.to_lowercase()))
}

/// How often a query is run again because its source changed or holds values to be read in another way.
const MAX_RUNS: usize = 4;

impl Inner {
    /// Checks a statement, and runs it until its values are right.
    #[expect(clippy::too_many_arguments, reason = "what one query is made of")]
    fn answer(
        &self,
        generation: u64,
        readable: &[ReadableTable],
        exists: &dyn Fn(&str) -> bool,
        (sql, limit): (&str, usize),
        mut watch: Watch,
        deadline: Instant,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<QueryAnswer, QueryError> {
        let namespace = Namespace::new(readable);
        let parser = locked(&self.parser);
        let sql = policy::check(&parser, &namespace, exists, sql)?;
        drop(parser);
        let with_remote = may_need_remote(readable, sql);
        let mut exact = Vec::new();
        for _ in 0..MAX_RUNS {
            if is_stopped() {
                return Err(QueryError::Cancelled);
            }
            let instance = if exact.is_empty() {
                self.instances.get(generation, readable, with_remote)?
            } else {
                Arc::new(self.instances.exact(generation, readable, &exact)?)
            };
            let limits = (limit, deadline.saturating_duration_since(Instant::now()));
            match self.run_once(&instance, sql, limits, &mut watch, is_stopped)? {
                Checked::Right(answer) => return Ok(answer),
                Checked::Changed => self.instances.discard(&instance),
                Checked::Again(more) => exact.extend(more),
                Checked::Refused(reason) => return Err(QueryError::Sql(reason)),
            }
        }
        Err(QueryError::Remote("the columns at the source keep changing; try again in a minute".into()))
    }

    fn run_once(
        &self,
        instance: &Instance,
        sql: &str,
        (limit, time): (usize, Duration),
        watch: &mut Watch,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Checked<QueryAnswer>, QueryError> {
        let connection = instance.connect()?;
        let answer = watch.run(&connection, time, |connection| {
            instance
                .run(connection, |connection| execute::execute(connection, sql, limit, MAX_RESPONSE_BYTES, is_stopped))
        });
        // A connection to a source may be permanently broken.
        let is_broken = matches!(answer, Err(QueryError::Internal(_))) || instance.is_remote() && answer.is_err();
        if is_broken || instance.is_worn(&connection) {
            self.instances.discard(instance);
        }
        answer.map_err(|error| instance.explain(error))
    }
}
