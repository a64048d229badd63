//! A small server that speaks our own contract, with faults on demand: for testing the client alone.

mod answers;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use agnes::base::hash::ContentHasher;
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use serde_json::Value;
use tokio::sync::{Barrier, Semaphore};

/// The one token that is accepted: a JWT of ann@example.com whose signature nobody checks here.
pub const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFubkBleGFtcGxlLmNvbSJ9.c2lnbmF0dXJl";

/// What happens to the next download of a table.
pub enum Fault {
    /// This status instead of the file.
    Status(u16),
    /// The connection breaks after so many bytes of the answer.
    Cut(usize),
    /// Other bytes of the same version.
    Bytes(Vec<u8>),
    /// The file is replaced by this one before the request is looked at.
    Replaced(Vec<u8>),
    /// The answer waits for [`StandIn::release`].
    Hold,
    /// So does what comes after so many bytes of it.
    HoldAt(usize),
}

/// An answer that is sent in pieces.
#[derive(Clone, Default)]
pub struct Stream {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
    /// After the last byte.
    pub trailers: Vec<(&'static str, String)>,
    pub end: End,
}

/// How it ends.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum End {
    #[default]
    Whole,
    /// The connection breaks.
    Broken,
    /// After [`StandIn::release`].
    Held,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET /api/sync/manifest`
    pub request: String,
    pub headers: HeaderMap,
    pub body: Value,
}

#[derive(Clone)]
struct Table {
    bytes: Vec<u8>,
    hash: String,
    /// The ETag, where it is not the hash. Conditions on the hash are then unknown to the server.
    tag: Option<String>,
    query_mode: &'static str,
}

#[derive(Default)]
struct Script {
    tables: BTreeMap<String, Table>,
    faults: HashMap<String, VecDeque<Fault>>,
    answers: HashMap<String, (u16, Value)>,
    to_all: Option<(u16, Value)>,
    streams: HashMap<String, Stream>,
    seen: Vec<Seen>,
    together: Option<Arc<Barrier>>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    news: Condvar,
    hold: Released,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

/// How many held answers may go on.
struct Released(Semaphore);

impl Default for Released {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Released {
    async fn wait(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

pub struct StandIn {
    pub url: String,
    shared: Arc<Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl StandIn {
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/api/sync/manifest", get(answers::manifest))
            .route("/api/data/{table}/download", get(answers::download))
            .route("/api/data/{table}/parts/{part}", get(answers::part))
            .fallback(answers::scripted)
            .layer(axum::middleware::from_fn_with_state(shared.clone(), answers::gate))
            .with_state(shared.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = axum::serve(listener, app) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { url, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Offers a table with its true hash.
    pub fn offer(&self, table: &str, bytes: &[u8]) {
        self.offer_as(table, bytes, &md5(bytes));
    }

    /// Offers a table under any `hash`.
    pub fn offer_as(&self, table: &str, bytes: &[u8], hash: &str) {
        let table_entry = Table { bytes: bytes.to_vec(), hash: hash.to_owned(), tag: None, query_mode: "local" };
        self.script().tables.insert(table.to_owned(), table_entry);
    }

    /// Gives an offered table another ETag than its hash, as v0.35 does.
    pub fn tag_as(&self, table: &str, tag: &str) {
        self.script().tables.get_mut(table).unwrap().tag = Some(tag.to_owned());
    }

    /// Offers a table in parts; faults know a part as `table#part`.
    pub fn offer_parts(&self, table: &str, parts: &[(&str, &[u8])]) {
        self.withdraw(table);
        for (part, bytes) in parts {
            self.offer(&format!("{table}#{part}"), bytes);
        }
    }

    /// Says of an offered table that it is materialized.
    pub fn materialize(&self, table: &str) {
        self.script().tables.get_mut(table).unwrap().query_mode = "materialized";
    }

    /// Offers a table that is not downloaded.
    pub fn offer_remote(&self, table: &str) {
        let table_entry = Table { bytes: Vec::new(), hash: String::new(), tag: None, query_mode: "remote" };
        self.script().tables.insert(table.to_owned(), table_entry);
    }

    pub fn withdraw(&self, table: &str) {
        let of_it = |name: &str| name == table || name.strip_prefix(table).is_some_and(|rest| rest.starts_with('#'));
        self.script().tables.retain(|name, _| !of_it(name));
    }

    pub fn fault(&self, table: &str, fault: Fault) {
        self.script().faults.entry(table.to_owned()).or_default().push_back(fault);
    }

    /// The answer to every other request, e.g. `answer("GET /auth/me", 200, …)`.
    pub fn answer(&self, request: &str, status: u16, body: Value) {
        self.script().answers.insert(request.to_owned(), (status, body));
    }

    /// The answer to every request, whatever it is; a text is a web page.
    pub fn answer_everything(&self, status: u16, body: Value) {
        self.script().to_all = Some((status, body));
    }

    /// An answer in JSON that is sent as it is.
    pub fn answer_text(&self, request: &str, text: &str) {
        self.stream(request, Stream { bytes: text.into(), media_type: "application/json", ..Stream::default() });
    }

    /// The answer to a request that no [`StandIn::answer`] is for.
    pub fn stream(&self, request: &str, stream: Stream) {
        self.script().streams.insert(request.to_owned(), stream);
    }

    /// The manifest, in pieces.
    pub fn manifest_as(&self, stream: Stream) {
        self.stream("GET /api/sync/manifest", stream);
    }

    /// Downloads are answered only once `count` of them are there at the same time.
    pub fn require_together(&self, count: usize) {
        self.script().together = Some(Arc::new(Barrier::new(count)));
    }

    pub fn release(&self) {
        self.shared.hold.0.add_permits(1);
    }

    pub fn most_in_flight(&self) -> usize {
        self.shared.most_in_flight.load(Ordering::SeqCst)
    }

    /// All requests so far whose line contains `part`.
    pub fn seen(&self, part: &str) -> Vec<Seen> {
        self.script().seen.iter().filter(|seen| seen.request.contains(part)).cloned().collect()
    }

    /// Waits for the first request whose line contains `part`.
    pub fn wait_for(&self, part: &str) {
        self.wait_for_count(part, 1);
    }

    /// Waits for so many requests whose lines contain `part`.
    pub fn wait_for_count(&self, part: &str, count: usize) {
        let script = self.script();
        let found = |script: &Script| script.seen.iter().filter(|seen| seen.request.contains(part)).count();
        let waiting = |script: &mut Script| found(script) < count;
        let (_script, timeout) = self.shared.news.wait_timeout_while(script, Duration::from_secs(30), waiting).unwrap();
        assert!(!timeout.timed_out(), "no request {part}");
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.shared.script.lock().unwrap()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

pub fn md5(bytes: &[u8]) -> String {
    let mut hasher = ContentHasher::default();
    hasher.update(bytes);
    hasher.finish()
}
