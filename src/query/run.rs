//! Running callers' queries: who may run when, in which worker, and until when.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::{Mutex, mpsc};

use super::namespace::{self, Tables};
use super::outlines::Outlines;
use super::output::{End, Extent, Format};
use super::pivot::{self, Gaps, MAX_VALUES};
use super::policy::Outline;
use super::prepare::prepare;
use super::reading::check_length;
use super::response::{Body, Wanted};
use super::running::{Running, RunningQuery};
use super::sending::{Piece, Rows};
use super::turns::{Full, Turns};
use super::worker::{Kind, Pool, Prepare, Request, Run};
use super::{MAX_RESPONSE_BYTES, MAX_ROW_BYTES, QueryError, QuerySettings, trees};
use crate::engine::{self, Limits};
use crate::protocol::query::QueryResponse;

/// How long one statement may be parsed.
const PARSE_TIME: Duration = Duration::from_secs(5);
/// A longer statement is parsed when no other one is, since its tree takes the server's memory. In bytes.
const LONG_SQL: usize = 16 * 1024;
/// How long a worker may take to answer `SELECT 42`.
const CHECK_TIME: Duration = Duration::from_secs(5);
/// Of a response that is sent before the last row is known, in bytes. A query that fails earlier has an error status.
const HELD_BACK: usize = 1024 * 1024;
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
    /// What was asked and is not answered in full.
    running: Running,
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

/// What is known of a statement that may run.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Whether its result is what the caller can read.
    pub is_show_tables: bool,
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

impl QueryAnswer {
    /// Waits for all rows of an answer in JSON.
    pub async fn whole(self) -> Result<QueryResponse, QueryError> {
        let body = match self {
            Self::Whole { body, .. } => body,
            Self::Begun { mut begin, mut rest } => {
                while let Some(piece) = rest.recv().await.transpose()? {
                    begin.extend(piece.bytes);
                }
                begin
            }
        };
        serde_json::from_slice(&body).map_err(|error| QueryError::Internal(error.to_string()))
    }
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
            running: Running::default(),
            long_sql: Mutex::default(),
            settings,
        })))
    }

    /// Runs one `SELECT` over the tables that the caller may read. Dropping the future, or the answer, stops it.
    pub async fn run(&self, query: Query) -> Result<QueryAnswer, QueryError> {
        let (sender, mut receiver) = mpsc::channel(1);
        let inner = self.0.clone();
        let listed = inner.running.list(&query.person, &query.sql);
        tokio::spawn(async move {
            let started = Instant::now();
            let deadline = started + query.timeout.unwrap_or(inner.settings.timeout);
            let answer = AssertUnwindSafe(inner.answer(&query, &sender)).catch_unwind();
            let result = tokio::select! {
                result = tokio::time::timeout_at(deadline.into(), answer) => result,
                () = listed.is_stopped() => Ok(Ok(Err(QueryError::Stopped))),
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

    /// Checks the statement of a query without running it: that it is one `SELECT` over tables that the caller may read.
    pub async fn check_statement(&self, query: &Query) -> Result<Gate, QueryError> {
        check_length(&query.sql)?;
        let check = async {
            let _slot = self.0.workers.take(&query.person).await.map_err(|Full| QueryError::Busy)?;
            let outline = self.0.complete_outline(query, Instant::now()).await?;
            namespace::resolve(&outline.sql, &outline.relations, query.tables.as_ref())?;
            Ok(Gate { is_show_tables: outline.is_show_tables })
        };
        let elapsed = self.0.settings.timeout;
        tokio::time::timeout(elapsed, check).await.unwrap_or(Err(QueryError::Timeout { elapsed }))
    }

    /// Has a worker answer, whoever else waits.
    pub async fn check(&self) -> Result<(), QueryError> {
        tokio::time::timeout(CHECK_TIME, self.0.check())
            .await
            .unwrap_or(Err(QueryError::Timeout { elapsed: CHECK_TIME }))
    }

    /// The queries that wait, run, or send their rows, oldest first.
    pub fn running(&self) -> Vec<RunningQuery> {
        self.0.running.all()
    }

    /// Stops one of [`Self::running`]; returns whether it was still there.
    pub fn stop(&self, id: u64) -> bool {
        self.0.running.stop(id)
    }

    /// Ends the workers.
    pub async fn close(&self) {
        self.0.pool.close().await;
    }

    /// What operators should know where the kernel lacks layers of the sandbox, once there has been a worker.
    pub fn lacks_sandbox(&self) -> Option<String> {
        less_confined(self.0.pool.missing())
    }
}

fn less_confined(missing: &str) -> Option<String> {
    let missing = Some(missing.replace(',', ", ")).filter(|missing| !missing.is_empty())?;
    Some(format!(
        "this kernel lacks {missing}: callers' SQL runs in processes of its own, but less confined; \
         AGNES_QUERY_SANDBOX=required refuses to start then"
    ))
}

impl Inner {
    async fn answer(&self, query: &Query, pieces: &mpsc::Sender<Result<Piece, QueryError>>) -> Result<(), QueryError> {
        let Query { person, sql, .. } = query;
        check_length(sql)?;
        let _slot = self.workers.take(person).await.map_err(|Full| QueryError::Busy)?;
        let started = Instant::now();
        let outline = self.complete_outline(query, started).await?;
        self.rows(query, &outline, started, pieces).await
    }

    /// What a statement says, the values of each `PIVOT` included.
    async fn complete_outline(&self, query: &Query, begun: Instant) -> Result<Arc<Outline>, QueryError> {
        let sql = &query.sql;
        match self.outline(sql).await {
            Err(refused @ (QueryError::Sql(_) | QueryError::Refused | QueryError::NotSelect)) => {
                let gaps = Gaps::find(sql).filter(|_| sql.len() <= LONG_SQL).ok_or(refused)?;
                self.with_values(query, &gaps, begun).await
            }
            outline => outline,
        }
    }

    async fn outline(&self, sql: &str) -> Result<Arc<Outline>, QueryError> {
        if let Some(outline) = self.outlines.get(sql) {
            return Ok(outline);
        }
        self.within_parse_time(sql, async { self.outlines.read(sql, self.parse(sql).await?).await }).await
    }

    /// What a statement says once the values of each `PIVOT` are written into it. They are found by queries that are checked,
    /// and run, like any other of the caller's.
    async fn with_values(&self, query: &Query, gaps: &Gaps<'_>, begun: Instant) -> Result<Arc<Outline>, QueryError> {
        let (marked, marks) = (gaps.marked(), gaps.marks());
        let tree = self.within_parse_time(&marked, self.parse(&marked)).await?;
        // Without the places in a text whose marks are not the caller's.
        let outline = self.outlines.read(&marked, tree.clone()).await.map_err(QueryError::without_place)?;
        namespace::resolve("", &outline.relations, query.tables.as_ref())?;
        let queries = trees::read(tree, move |tree, levels| pivot::queries(tree, &marks, levels)).await?;
        let mut values = Vec::new();
        for pivot::Query { sql, tree } in queries {
            let outline = self.outlines.read(&sql, tree).await?;
            let body = self.collected(query, &outline, begun).await.map_err(QueryError::without_place)?;
            values.push(pivot::read(&body)?);
        }
        self.outline(&gaps.filled(&values)).await
    }

    /// The body of the answer to a query of the server's own, in JSON.
    async fn collected(&self, query: &Query, outline: &Outline, begun: Instant) -> Result<Vec<u8>, QueryError> {
        let (sender, mut pieces) = mpsc::channel(1);
        let query = Query {
            person: query.person.clone(),
            tables: query.tables.clone(),
            generation: query.generation,
            sql: String::new(),
            wanted: Wanted::Json,
            extent: Wanted::Json.extent(MAX_VALUES),
            timeout: None,
        };
        let run = async {
            let ran = self.rows(&query, outline, begun, &sender).await;
            drop(sender);
            ran
        };
        let read = async {
            let mut body = Vec::new();
            while let Some(piece) = pieces.recv().await.transpose()? {
                body.extend(piece.bytes);
            }
            Ok(body)
        };
        let (ran, body) = tokio::join!(run, read);
        ran.and(body)
    }

    /// Passes on the rows of a checked statement.
    async fn rows(
        &self,
        query: &Query,
        outline: &Outline,
        begun: Instant,
        pieces: &mpsc::Sender<Result<Piece, QueryError>>,
    ) -> Result<(), QueryError> {
        let Query { person, tables, generation, wanted, extent, .. } = query;
        let named = namespace::resolve(&outline.sql, &outline.relations, tables.as_ref())?;
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
        let mut rows = Rows { long: &self.long, person, begun, is_last: false, turn: None, body, pieces };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_without_sandbox_is_told() {
        assert_eq!(less_confined(""), None);
        let warning = less_confined("Landlock,seccomp").unwrap();
        assert!(warning.starts_with("this kernel lacks Landlock, seccomp: callers' SQL runs"), "{warning}");
    }
}
