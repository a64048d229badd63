//! Running callers' queries: who may run when, in which worker, and until when.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::{Mutex, mpsc};

use super::namespace::{self, Named, Tables};
use super::outlines::Outlines;
use super::output::{End, Extent, Format};
use super::response::{Body, Wanted};
use super::turns::{Full, Slot, Turns};
use super::worker::{Finished, Kind, Pool, Prepare, Request, Run, TableSpec, Worker};
use super::{MAX_RESPONSE_BYTES, MAX_ROW_BYTES, MAX_SQL_BYTES, QueryError, QuerySettings, trees};
use crate::engine::{self, Limits};
use crate::extract::Content;

/// How long a query runs before the ones that have just begun go first.
const QUICK: Duration = Duration::from_millis(100);
/// How long a query runs before it has to take turns with the other long ones.
const SHORT: Duration = Duration::from_secs(1);
/// How long one statement may be parsed.
const PARSE_TIME: Duration = Duration::from_secs(5);
/// A longer statement is parsed when no other one is, since its tree takes the server's memory. In bytes.
const LONG_SQL: usize = 16 * 1024;
/// How long a worker may take to answer `SELECT 42`.
const CHECK_TIME: Duration = Duration::from_secs(5);
/// Of a response that is sent before the last row is known, in bytes. A query that fails earlier has an error status.
const HELD_BACK: usize = 1024 * 1024;
/// Of a response that is sent at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Runs callers' queries; one per server. Cheap to clone.
#[derive(Clone)]
pub struct QueryEngine(Arc<Inner>);

struct Inner {
    settings: QuerySettings,
    pool: Pool,
    outlines: Outlines,
    /// Who may have a worker.
    workers: Turns,
    /// Who may go on after a short time.
    long: Turns,
    without_tables: Arc<Prepare>,
    long_sql: Mutex<()>,
}

/// What somebody asks.
pub struct Query {
    /// Whose turn it is.
    pub person: Arc<str>,
    pub tables: Arc<dyn Tables>,
    /// Of the publication of these tables.
    pub generation: u64,
    pub sql: String,
    pub wanted: Wanted,
    pub extent: Extent,
    /// From the call to the answer, waiting included; `None`: as the settings say.
    pub timeout: Option<Duration>,
}

/// The answer to a query.
#[derive(Debug)]
pub enum QueryAnswer {
    Whole {
        body: Vec<u8>,
        end: End,
    },
    /// A long one begins; dropping the rest stops the query.
    Begun {
        begin: Vec<u8>,
        rest: mpsc::Receiver<Result<Piece, QueryError>>,
    },
}

/// A piece of the body of a response.
#[derive(Debug)]
pub struct Piece {
    pub bytes: Vec<u8>,
    /// With the last one.
    pub end: Option<End>,
}

impl QueryEngine {
    /// `program`: our own executable, which the workers run. Blocks.
    pub fn new(settings: QuerySettings, program: PathBuf) -> Result<Self, QueryError> {
        engine::find_icu(&Limits { extensions: settings.extensions.clone(), ..Limits::small() })?;
        let without_tables = Arc::new(prepare(&[], 0, &settings));
        Ok(Self(Arc::new(Inner {
            pool: Pool::new(settings.spawn(program)),
            outlines: Outlines::default(),
            workers: Turns::new(settings.shares()),
            long: Turns::new(settings.long_shares()),
            without_tables,
            long_sql: Mutex::default(),
            settings,
        })))
    }

    /// Runs one `SELECT` over the tables that the caller may read. Dropping the future, or the answer, stops it.
    pub async fn run(&self, query: Query) -> Result<QueryAnswer, QueryError> {
        let (sender, mut receiver) = mpsc::channel(1);
        let inner = self.0.clone();
        tokio::spawn(async move {
            let started = Instant::now();
            let deadline = started + query.timeout.unwrap_or(inner.settings.timeout);
            let answer = AssertUnwindSafe(inner.answer(&query, &sender)).catch_unwind();
            let result = tokio::select! {
                result = tokio::time::timeout_at(deadline.into(), answer) => result,
                () = sender.closed() => return,
            };
            let result = match result {
                Ok(result) => result.unwrap_or_else(|_| Err(QueryError::Internal("reading a result failed".into()))),
                Err(_) => Err(QueryError::Timeout { elapsed: started.elapsed() }),
            };
            if let Err(error) = result {
                // Fails when the caller is gone.
                let _ = sender.send(Err(error)).await;
            }
        });
        let mut body = Vec::new();
        while let Some(piece) = receiver.recv().await.transpose()? {
            match body.is_empty() {
                true => body = piece.bytes,
                false => body.extend(piece.bytes),
            }
            if let Some(end) = piece.end {
                return Ok(QueryAnswer::Whole { body, end });
            }
            if body.len() > HELD_BACK {
                return Ok(QueryAnswer::Begun { begin: body, rest: receiver });
            }
        }
        Err(QueryError::Internal("a result has no end".into()))
    }

    /// Parses a statement, and has `read` read its tree, of at most so many levels as it is told. Waits for a turn, as a
    /// query does.
    pub async fn read_tree<T: Send + 'static>(
        &self,
        person: &Arc<str>,
        sql: &str,
        read: impl Fn(&str, usize) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        let inner = &self.0;
        check_length(sql)?;
        let _slot = inner.workers.take(person).await.map_err(|Full| QueryError::Busy)?;
        inner.within_parse_time(sql, async { trees::read(inner.parse(sql).await?, read).await }).await
    }

    /// Has a worker answer, whoever else waits.
    pub async fn check(&self) -> Result<(), QueryError> {
        tokio::time::timeout(CHECK_TIME, self.0.check())
            .await
            .unwrap_or(Err(QueryError::Timeout { elapsed: CHECK_TIME }))
    }

    /// Ends the workers.
    pub async fn close(&self) {
        self.0.pool.close().await;
    }

    /// The layers of the sandbox that this kernel lacks, once there has been a worker.
    pub fn missing_layers(&self) -> &str {
        self.0.pool.missing()
    }
}

impl Inner {
    async fn answer(&self, query: &Query, pieces: &mpsc::Sender<Result<Piece, QueryError>>) -> Result<(), QueryError> {
        let Query { person, tables, generation, sql, wanted, extent, .. } = query;
        check_length(sql)?;
        let busy = |Full| QueryError::Busy;
        let _slot = self.workers.take(person).await.map_err(busy)?;
        let started = Instant::now();
        let outline = match self.outlines.get(sql) {
            Some(outline) => outline,
            None => {
                let outline = async { self.outlines.read(sql, self.parse(sql).await?).await };
                self.within_parse_time(sql, outline).await?
            }
        };
        let named = namespace::resolve(sql, &outline.relations, tables.as_ref())?;
        let prepare = Arc::new(prepare(&named, *generation, &self.settings));
        let mut ready = self.pool.take(&prepare).await?;
        let sql = if outline.is_show_tables { namespace::show_tables(tables.as_ref()) } else { outline.sql.clone() };
        let run = Run {
            sql,
            // More than there are cores for only get in each other's way.
            threads: (self.settings.threads / self.workers.held()).max(1),
            format: wanted.format(),
            // JSON is cut by its own size.
            extent: match wanted {
                Wanted::Json => Extent { bytes: usize::MAX, is_cut: false, ..*extent },
                Wanted::Format(_) => *extent,
            },
            row_bytes: wanted.row_bytes().min(extent.bytes),
        };
        let body = Body::new(*wanted, extent.bytes);
        let mut rows = Rows { engine: self, person, begun: started, is_last: false, turn: None, body, pieces };
        let result = rows.pass_on(&mut ready.worker, run).await;
        match &result {
            Ok(true) | Err(QueryError::Sql(_) | QueryError::Refused) => self.pool.give_back(ready),
            // It may have more to say, which would be taken for the answer to the next query.
            _ => {}
        }
        result.map(|_| ())
    }

    /// The syntax tree of a statement, from a worker that can open nothing.
    async fn parse(&self, sql: &str) -> Result<String, QueryError> {
        let mut ready = self.pool.take(&self.without_tables).await?;
        ready.worker.send(&Request::Parse { sql: sql.to_owned() }).await?;
        let (Kind::Tree, tree) = ready.worker.next().await? else { return Err(QueryError::out_of_turn()) };
        let (Kind::Done, _) = ready.worker.next().await? else { return Err(QueryError::out_of_turn()) };
        self.pool.give_back(ready);
        String::from_utf8(tree).map_err(|_| QueryError::out_of_turn())
    }

    async fn within_parse_time<T>(
        &self,
        sql: &str,
        parsed: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        let _alone = if sql.len() > LONG_SQL { Some(self.long_sql.lock().await) } else { None };
        let parsed = tokio::time::timeout(PARSE_TIME, parsed).await;
        parsed.unwrap_or_else(|_| Err(QueryError::TooComplex("the statement is too complex".into())))
    }

    async fn check(&self) -> Result<(), QueryError> {
        let mut ready = self.pool.take_one(&self.without_tables).await?;
        let run = Run {
            sql: "SELECT 42".into(),
            threads: 1,
            format: Format::TEXTS,
            extent: Wanted::Json.extent(1),
            row_bytes: MAX_ROW_BYTES,
        };
        ready.worker.send(&Request::Run(run)).await?;
        let mut body = Body::new(Wanted::Json, MAX_RESPONSE_BYTES);
        while let (Kind::Rows, piece) = ready.worker.next().await? {
            body.add(piece)?;
        }
        body.finish(None);
        if !String::from_utf8_lossy(&body.take()).contains("[[42]]") {
            return Err(QueryError::Internal("a query worker gave a wrong answer".into()));
        }
        self.pool.give_back(ready);
        Ok(())
    }
}

fn check_length(sql: &str) -> Result<(), QueryError> {
    match sql.len() > MAX_SQL_BYTES {
        true => Err(QueryError::Sql(format!("the statement is longer than {MAX_SQL_BYTES} bytes"))),
        false => Ok(()),
    }
}

/// What a worker needs for these tables.
pub fn prepare(named: &[Named], generation: u64, settings: &QuerySettings) -> Prepare {
    let mut sources = Vec::new();
    let tables = named.iter().map(|Named { table, databases }| {
        let table = table.table();
        let remote = match &table.content {
            Content::Remote(remote) => Some(remote.clone()),
            Content::File(_) | Content::Parts(_) => None,
        };
        sources.extend(remote.iter().flat_map(|remote| remote.attach.clone()));
        let files = table.files().map(|file| file.path.clone()).collect();
        TableSpec { name: table.name.clone(), databases: databases.clone(), files, remote }
    });
    let tables: Vec<_> = tables.collect();
    let is_remote = tables.iter().any(|table| table.remote.is_some());
    // A file of a later generation may have a name that an earlier one had.
    let generation = if tables.is_empty() { 0 } else { generation };
    Prepare {
        generation,
        tables,
        remote: is_remote.then(|| settings.remote.clone().only_for(&sources)),
        is_sandbox_required: settings.is_sandbox_required,
    }
}

/// The rows of one query, on their way from a worker to the caller.
struct Rows<'a> {
    engine: &'a Inner,
    person: &'a Arc<str>,
    begun: Instant,
    /// Whether others go first.
    is_last: bool,
    /// Of a long one.
    turn: Option<Slot>,
    body: Body,
    pieces: &'a mpsc::Sender<Result<Piece, QueryError>>,
}

impl Rows<'_> {
    /// Passes on all rows. Returns whether the worker can be used again.
    async fn pass_on(&mut self, worker: &mut Worker, run: Run) -> Result<bool, QueryError> {
        worker.send(&Request::Run(run)).await?;
        let finished: Option<Finished> = loop {
            match self.next(worker).await? {
                (Kind::Rows, piece) => {
                    let needs_more = self.body.add(piece)?;
                    if self.body.len() >= PIECE {
                        self.send(None).await?;
                    }
                    if !needs_more {
                        break None;
                    }
                }
                (Kind::Done, text) => {
                    break Some(serde_json::from_slice(&text).map_err(|_| QueryError::out_of_turn())?);
                }
                _ => return Err(QueryError::out_of_turn()),
            }
        };
        let end = self.body.finish(finished.map(|finished| finished.end));
        self.send(Some(end)).await?;
        let is_as_before = !self.is_last || worker.control().set_last(false);
        Ok(is_as_before && finished.is_some_and(|finished| !finished.is_worn))
    }

    async fn send(&mut self, end: Option<End>) -> Result<(), QueryError> {
        let piece = Piece { bytes: self.body.take(), end };
        self.pieces.send(Ok(piece)).await.map_err(|_| QueryError::Cancelled)
    }

    /// The next message. After a while, other queries go first; one that is not short stands still until it is its turn.
    async fn next(&mut self, worker: &mut Worker) -> Result<(Kind, Vec<u8>), QueryError> {
        if self.turn.is_some() {
            return worker.next().await;
        }
        let control = worker.control();
        let mut message = pin!(worker.next());
        if !self.is_last {
            tokio::select! {
                message = &mut message => return message,
                () = tokio::time::sleep_until((self.begun + QUICK).into()) => {}
            }
            self.is_last = control.set_last(true);
        }
        tokio::select! {
            message = &mut message => return message,
            () = tokio::time::sleep_until((self.begun + SHORT).into()) => {}
        }
        control.suspend();
        self.turn = Some(self.engine.long.take(self.person).await.map_err(|Full| QueryError::Busy)?);
        control.resume();
        message.await
    }
}
