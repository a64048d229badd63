//! The worker's side: one engine, one request at a time.

use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::instance::Instance;
use super::protocol::{self, Finished, HEADER, Kind, Prepare, Request, Run, Start};
use super::sandbox::{self, Sandbox};
use crate::engine::parse::syntax_tree;
use crate::engine::{self, Connection, Limits};
use crate::extract::Checked;
use crate::query::output::{End, Writer};
use crate::query::rows::{self, Options};
use crate::query::{QueryError, is_ordered};

/// Carries out the requests of the server until its pipe is closed. Call it on the first thread of a process that has no
/// other.
pub fn serve(mut requests: impl Read, answers: impl Write + Send) -> io::Result<()> {
    let mut answers = Answers::new(answers);
    let mut worker = None;
    while let Some(request) = next(&mut requests)? {
        match handle(request, &mut worker, &mut answers) {
            Ok(body) => answers.send(Kind::Done, body.as_bytes())?,
            // The server does not listen any more.
            Err(QueryError::Cancelled) => return Ok(()),
            Err(error) => answers.send(Kind::Failed, &serde_json::to_vec(&error).unwrap_or_default())?,
        }
        answers.flush()?;
    }
    Ok(())
}

fn next(requests: &mut impl Read) -> io::Result<Option<Request>> {
    let mut header = [0; HEADER];
    match requests.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (length, _) = protocol::parse_header(header);
    let mut request = vec![0; length];
    requests.read_exact(&mut request)?;
    serde_json::from_slice(&request).map(Some).map_err(io::Error::other)
}

/// How often a statement is run again because its source changed or holds values to be read in another way.
const MAX_RUNS: usize = 4;

struct Worker {
    start: Start,
    state: State,
}

#[expect(clippy::large_enum_variant, reason = "there is only one")]
enum State {
    Started(Connection),
    Prepared {
        prepare: Prepare,
        instance: Instance,
        /// Of the instance.
        threads: usize,
    },
    /// What it was to be prepared for cannot be read.
    Failed,
}

fn handle<W: Write + Send>(
    request: Request,
    worker: &mut Option<Worker>,
    answers: &mut Answers<W>,
) -> Result<String, QueryError> {
    let out_of_turn = || QueryError::Internal("a query worker got a request out of turn".into());
    let internal = |error: io::Error| QueryError::Internal(format!("cannot confine a query worker: {error}"));
    match request {
        Request::Start(start) => {
            sandbox::limit(start.max_bytes, start.spill_bytes).map_err(internal)?;
            let connection = Instance::open(&limits(&start), start.spill_bytes)
                .map_err(|error| QueryError::Internal(format!("cannot open an engine: {}", engine::message(&error))))?;
            *worker = Some(Worker { start, state: State::Started(connection) });
            Ok(String::new())
        }
        Request::Prepare(prepare) => {
            let worker = worker.as_mut().ok_or_else(out_of_turn)?;
            let State::Started(connection) = std::mem::replace(&mut worker.state, State::Failed) else {
                return Err(out_of_turn());
            };
            let missing = sandbox(&worker.start, &prepare).enter().map_err(internal)?;
            if prepare.is_sandbox_required && !missing.is_empty() {
                let missing = missing.join(" and ");
                return Err(QueryError::Internal(format!(
                    "AGNES_QUERY_SANDBOX=required, but this kernel lacks {missing}"
                )));
            }
            let instance = Instance::fill(connection, &prepare, &[])?;
            worker.state = State::Prepared { prepare, instance, threads: 1 };
            Ok(missing.join(","))
        }
        Request::Parse { sql } => match worker {
            Some(Worker { state: State::Prepared { instance, .. }, .. }) => {
                let tree = syntax_tree(&instance.connection, &sql)?;
                if tree.len() > Kind::Tree.max_bytes() {
                    return Err(QueryError::TooComplex("the statement has too many parts".into()));
                }
                answers.send(Kind::Tree, tree.as_bytes()).map_err(gone)?;
                Ok(String::new())
            }
            _ => Err(out_of_turn()),
        },
        Request::Run(run) => {
            let finished = worker.as_mut().ok_or_else(out_of_turn)?.run(&run, answers)?;
            serde_json::to_string(&finished).map_err(|error| QueryError::Internal(error.to_string()))
        }
    }
}

fn limits(start: &Start) -> Limits {
    let Start { memory, spill, extensions, .. } = start.clone();
    Limits { memory, threads: 1, spill: Some(spill), extensions }
}

fn sandbox(start: &Start, prepare: &Prepare) -> Sandbox {
    let mut readable: Vec<PathBuf> = prepare.tables.iter().flat_map(|table| table.files.clone()).collect();
    let has_network = prepare.remote.is_some();
    if has_network {
        // Names, certificates, libraries and extensions; and what an engine looks at when it is opened once more.
        let system = ["/etc", "/lib", "/lib64", "/usr/lib", "/usr/share", "/run/systemd/resolve"];
        let limits = ["/proc/self/cgroup", "/proc/self/mountinfo", "/sys/fs/cgroup"];
        readable.extend(limits.map(PathBuf::from));
        readable.extend(system.map(PathBuf::from));
        readable.extend(start.extensions.clone());
        readable.extend(std::env::home_dir().map(|home| home.join(".duckdb")));
    }
    Sandbox { readable, writable: vec![start.spill.clone()], has_network }
}

impl Worker {
    fn run<W: Write + Send>(&mut self, run: &Run, answers: &mut Answers<W>) -> Result<Finished, QueryError> {
        let State::Prepared { prepare, instance, threads } = &mut self.state else {
            return Err(QueryError::Internal("a query worker got a request out of turn".into()));
        };
        set_threads(instance, threads, run)?;
        if prepare.remote.is_none() {
            let end = send_rows(&instance.connection, run, |piece| answers.send(Kind::Rows, piece))?;
            return Ok(Finished { end, is_worn: false });
        }
        let mut exact = Vec::new();
        for _ in 0..MAX_RUNS {
            // Nothing is sent before the source says that it was read right.
            let mut pieces = Vec::new();
            // What a connection has read counts for its checks.
            let connection = instance.connection.try_clone()?;
            let result = instance.attached.run(&connection, |connection| {
                send_rows(connection, run, |piece| {
                    pieces.extend_from_slice(piece);
                    Ok(())
                })
            });
            let is_worn = instance.attached.is_worn(&connection);
            match result? {
                Checked::Right(end) => {
                    pieces.chunks(PIECE).try_for_each(|piece| answers.send(Kind::Rows, piece)).map_err(gone)?;
                    // One for exact columns, or that has logged much, is not used again.
                    return Ok(Finished { end, is_worn: is_worn || !exact.is_empty() });
                }
                Checked::Changed => {}
                Checked::Again(more) => exact.extend(more),
                Checked::Refused(reason) => return Err(QueryError::Sql(reason)),
            }
            let connection = Instance::open(&limits(&self.start), self.start.spill_bytes)?;
            *instance = Instance::fill(connection, prepare, &exact)?;
            *threads = 1;
            set_threads(instance, threads, run)?;
        }
        Err(QueryError::Remote("the columns at the source keep changing; try again in a minute".into()))
    }
}

/// Takes as long as a short query, so only where it changes something.
fn set_threads(instance: &Instance, threads: &mut usize, run: &Run) -> Result<(), QueryError> {
    if *threads != run.threads {
        instance.connection.execute_batch(&format!("SET threads = {}", run.threads.max(1)))?;
        *threads = run.threads;
    }
    Ok(())
}

fn gone(_: io::Error) -> QueryError {
    QueryError::Cancelled
}

/// Runs a statement and passes its rows to `send` in pieces.
pub fn send_rows(
    connection: &Connection,
    run: &Run,
    send: impl FnMut(&[u8]) -> io::Result<()> + Send,
) -> Result<End, QueryError> {
    let options = Options {
        rows: run.extent.rows.saturating_add(1),
        row_bytes: run.row_bytes,
        is_ordered: is_ordered(&run.sql),
        values: run.format.values(),
    };
    let mut writer = Writer::new(Pieces::new(send), run.format, run.extent, run.row_bytes);
    rows::stream(connection, &run.sql, options, &mut writer).map_err(|failed| {
        // What is wrong in the statement itself gets its place.
        let wrong = matches!(failed, QueryError::Sql(_)).then(|| connection.prepare(&run.sql).err());
        wrong.flatten().map_or(failed, |wrong| QueryError::in_statement(wrong, &run.sql))
    })?;
    let (_, end) = writer.finish()?;
    Ok(end)
}

/// Bytes of a message with rows.
const PIECE: usize = 128 * 1024;
/// Rows that were written longer ago are sent, however few they are.
const SOON: Duration = Duration::from_millis(50);

/// Sends what is written in pieces.
struct Pieces<F> {
    buffer: Vec<u8>,
    sent: Instant,
    send: F,
}

impl<F: FnMut(&[u8]) -> io::Result<()>> Pieces<F> {
    fn new(send: F) -> Self {
        Self { buffer: Vec::with_capacity(PIECE), sent: Instant::now(), send }
    }
}

impl<F: FnMut(&[u8]) -> io::Result<()>> Write for Pieces<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == PIECE || self.sent.elapsed() > SOON {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            (self.send)(&self.buffer)?;
            self.buffer.clear();
        }
        self.sent = Instant::now();
        Ok(())
    }
}

struct Answers<W: Write> {
    out: BufWriter<W>,
    flushed: Instant,
}

impl<W: Write> Answers<W> {
    fn new(out: W) -> Self {
        Self { out: BufWriter::new(out), flushed: Instant::now() }
    }

    fn send(&mut self, kind: Kind, body: &[u8]) -> io::Result<()> {
        if body.len() > kind.max_bytes() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.out.write_all(&protocol::header(kind as u8, body.len()))?;
        self.out.write_all(body)?;
        if self.flushed.elapsed() > SOON { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed = Instant::now();
        self.out.flush()
    }
}
