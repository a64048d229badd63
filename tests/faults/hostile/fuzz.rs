//! Many hostile statements at once, each with a person of its own, while everything is watched.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::catalog::Catalog;
use super::generator::Generator;
use super::kept::kept;
use super::people::{Answer, People};
use super::watch::{self, Seen, Watch};
use super::{LATE, MEMORY_KIB, TIMEOUT, place};

/// Statements that run at the same time.
const AT_ONCE: usize = 6;
/// Random statements of one run.
const STATEMENTS: usize = 300;
/// When a caller gives up: the machine that tests is busy, also with sending and reading what is asked here.
const HANGS: Duration = Duration::from_secs(20);
/// How long somebody else mostly waits for `SELECT 1` at most.
const UNNOTICED: Duration = Duration::from_secs(1);
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(50);
/// What the process of a worker may take (`QuerySettings`), with 256 MB of engine memory, in KiB.
const WORKER_KIB: u64 = (256_000_000 * 3 / 2) / 1024 + 384 * 1024;
const SPILL_BYTES: u64 = 1_000_000_000;
const LIMIT: usize = 1000;
/// Length of an answer that is an error, in bytes.
const MAX_ERROR: usize = 30_000;

/// What stopped a statement; or what is wrong with its answer.
fn outcome(answer: &Answer) -> Result<&'static str, String> {
    let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(2000)]).into_owned();
    let is = |part: &str| text.contains(part);
    let is_error = answer.status.is_some_and(|status| status != 200);
    match answer.status {
        _ if answer.took > HANGS => Err(format!("took {:?}", answer.took)),
        _ if is_error && answer.body.len() > MAX_ERROR => Err(format!("an error of {} bytes", answer.body.len())),
        _ if is_error && (is("INTERNAL Error") || is("Stack Trace")) => Err(text),
        Some(200) => Ok("answered"),
        Some(400) if is("Binder Error") || is("Parser Error") || is("Catalog Error") => Ok("not bound"),
        Some(400) if is("in another way") => Ok("internal error of the engine"),
        Some(400) if is("one row is larger") => Ok("row too large"),
        Some(400) => Ok("error of the engine"),
        Some(403) => Ok("denied"),
        Some(413) if is("nested too deeply") => Ok("worker died"),
        Some(413) if is("memory or disk") => Ok("memory limit of the engine"),
        Some(413) => Ok("too complex"),
        Some(504) => Ok("deadline"),
        // It was stopped after the first megabyte of its rows.
        None if is("broken off after 200") || is("IncompleteMessage") => Ok("broken off"),
        _ => Err(format!("{:?} {text}", answer.status)),
    }
}

/// Writes a line for each statement to the file that `AGNES_TEST_LOG` names, if it does.
struct Log(Option<Mutex<std::fs::File>>);

impl Log {
    fn open() -> Self {
        Self(std::env::var_os("AGNES_TEST_LOG").map(|path| Mutex::new(std::fs::File::create(path).unwrap())))
    }

    fn add(&self, sql: &str, answer: &Answer, outcome: &Result<&str, String>) {
        let Some(file) = &self.0 else { return };
        let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]);
        let line = json!({"outcome": outcome, "ms": answer.took.as_millis() as u64, "sql": sql, "body": body});
        writeln!(file.lock().unwrap(), "{line}").unwrap();
    }
}

/// Runs statements, and checks that nothing else suffers.
fn attack(next: impl FnMut() -> Option<String> + Send) {
    let place = place();
    let server = place.serve(&[]);
    let people = People::of(&server);
    let callers: Vec<String> = (0..AT_ONCE).map(|n| people.add(&format!("caller{n}"))).collect();
    let (watch, log) = (Watch::start(&server, &place), Log::open());
    let (next, wrong, mut waited) = (Mutex::new(next), Mutex::new(Vec::new()), Vec::new());
    let call = async |token: &String| {
        loop {
            let statement = next.lock().unwrap()();
            let Some(sql) = statement else { return };
            let answer = people.ask(token, &sql, LIMIT).await;
            let outcome = outcome(&answer);
            log.add(&sql, &answer, &outcome);
            if let Err(reason) = outcome {
                let shown: String = sql.chars().take(500).collect();
                wrong.lock().unwrap().push(format!("{reason}: {shown}"));
            }
        }
    };
    let others = async {
        loop {
            let answer = people.ask(&people.other, "SELECT 1", 1).await;
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            match answer.status {
                Some(200) if body["rows"] == json!([[1]]) => {}
                // Counts below.
                Some(504) => {}
                status => wrong.lock().unwrap().push(format!("somebody else got {status:?} {body}")),
            }
            waited.push(answer.took);
            tokio::time::sleep(PAUSE).await;
        }
    };
    people.runtime.block_on(async {
        tokio::select! {
            _ = join_all(callers.iter().map(call)) => {}
            () = others => unreachable!("somebody else asks for ever"),
        }
    });
    let seen = watch.end();
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    waited.sort();
    let [half, most] = [50, 95].map(|percent| waited[waited.len() * percent / 100]);
    watch::wait_until_nothing_is_spilled(&place);
    let (code, output) = server.end(Signal::TERM);
    let latest = slowest_answer(&output);
    eprintln!("{seen:?}; the last answer after {latest:?}; half of others' after {half:?}, most after {most:?}");
    assert!(latest < TIMEOUT + LATE, "an answer took {latest:?}");
    assert!(half < UNNOTICED && most < TIMEOUT, "somebody else waited for {half:?}, {most:?}");
    assert_eq!(code, Some(0));
    check(seen);
}

/// The longest time until an answer to a query, by the server's log.
fn slowest_answer(log: &str) -> Duration {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let queries = lines.filter(|line| line["route"] == "/api/query");
    let times = queries.filter_map(|line| line["duration_ms"].as_f64());
    Duration::from_secs_f64(times.fold(0.0, f64::max) / 1000.0)
}

fn check(seen: Seen) {
    assert!(seen.server < MEMORY_KIB, "the server took {} KiB", seen.server);
    assert!(seen.worker > 0 && seen.worker < WORKER_KIB, "a worker took {} KiB", seen.worker);
    assert!(seen.workers < AT_ONCE as u64 * WORKER_KIB, "workers took {} KiB", seen.workers);
    assert!(seen.spilled < SPILL_BYTES, "{} bytes were spilled", seen.spilled);
    watch::wait_for_the_end(seen.pids);
}

#[test]
fn kept_statements_hurt_nobody() {
    let mut statements = kept().into_iter();
    attack(move || statements.next());
}

/// `AGNES_TEST_SEED` makes other statements, and `AGNES_TEST_MINUTES` more of them.
#[test]
fn random_statements_hurt_nobody() {
    let given = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (seed, minutes) = (given("AGNES_TEST_SEED").unwrap_or(1), given("AGNES_TEST_MINUTES"));
    eprintln!("AGNES_TEST_SEED={seed}");
    let catalog = Catalog::load();
    let mut generator = Generator::new(&catalog, seed);
    let (begun, mut count) = (Instant::now(), 0);
    attack(move || {
        let is_over = match minutes {
            Some(minutes) => begun.elapsed() > Duration::from_secs(60 * minutes),
            None => count >= STATEMENTS,
        };
        count += 1;
        (!is_over).then(|| generator.statement())
    });
}
