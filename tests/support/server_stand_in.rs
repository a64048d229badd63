//! A small server that speaks our own contract, with faults on demand: for testing the client alone.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use agnes::base::hash::ContentHasher;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::StreamExt;
use hyper::body::Frame;
use serde_json::{Value, json};
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
            .route("/api/sync/manifest", get(manifest))
            .route("/api/data/{table}/download", get(download))
            .route("/api/data/{table}/parts/{part}", get(part))
            .fallback(scripted)
            .layer(axum::middleware::from_fn_with_state(shared.clone(), gate))
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

/// Writes every request down and lets in who has the token; signing in needs none.
async fn gate(State(shared): State<Arc<Shared>>, request: Request, next: axum::middleware::Next) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let line = format!("{} {}", parts.method, parts.uri);
    // A form is kept as text.
    let text = || if bytes.is_empty() { Value::Null } else { String::from_utf8_lossy(&bytes).into() };
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
    let signed_in = parts.headers.get(header::AUTHORIZATION).is_some_and(|value| value == &format!("Bearer {TOKEN}"));
    let open = parts.uri.path() == "/auth/token";
    let seen = Seen { request: line, headers: parts.headers.clone(), body };
    shared.script.lock().unwrap().seen.push(seen);
    shared.news.notify_all();
    if !signed_in && !open {
        return (StatusCode::UNAUTHORIZED, Json(json!({"detail": "Invalid token"}))).into_response();
    }
    let to_all = shared.script.lock().unwrap().to_all.clone();
    match to_all {
        Some((status, Value::String(page))) => {
            (StatusCode::from_u16(status).unwrap(), axum::response::Html(page)).into_response()
        }
        Some((status, body)) => (StatusCode::from_u16(status).unwrap(), Json(body)).into_response(),
        None => next.run(Request::from_parts(parts, Body::from(bytes))).await,
    }
}

async fn scripted(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    if let Some(stream) = shared.script.lock().unwrap().streams.get(&line).cloned() {
        return streamed(shared.clone(), stream);
    }
    match shared.script.lock().unwrap().answers.get(&line) {
        Some((status, Value::String(page))) => (StatusCode::from_u16(*status).unwrap(), page.clone()).into_response(),
        Some((204, _)) => StatusCode::NO_CONTENT.into_response(),
        Some((status, body)) => (StatusCode::from_u16(*status).unwrap(), Json(body.clone())).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"detail": "Not Found"}))).into_response(),
    }
}

fn streamed(shared: Arc<Shared>, stream: Stream) -> Response {
    let Stream { bytes, media_type, trailers, end } = stream;
    let half = Bytes::from(bytes);
    let rest = half.slice(half.len() / 2..);
    let first = half.slice(..half.len() / 2);
    let last = futures_util::stream::once(async move {
        // The first bytes have left before the connection breaks.
        tokio::time::sleep(Duration::from_millis(100)).await;
        if end == End::Held {
            shared.hold.wait().await;
        }
        if end == End::Broken { Err(std::io::Error::other("broken")) } else { Ok(Frame::data(rest)) }
    });
    let trailers = trailers.into_iter().map(|(name, value)| {
        (axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_str(&value).unwrap())
    });
    let trailers = Frame::trailers(trailers.collect::<HeaderMap>());
    let frames = futures_util::stream::iter([Ok(Frame::data(first))]).chain(last);
    let frames = frames.chain(futures_util::stream::iter([Ok(trailers)]));
    let body = Body::new(http_body_util::StreamBody::new(frames));
    let names = "x-agnes-rows, x-agnes-truncated";
    ([(header::CONTENT_TYPE, media_type), (header::TRAILER, names)], body).into_response()
}

async fn manifest(State(shared): State<Arc<Shared>>) -> Response {
    let script = shared.script.lock().unwrap();
    if let Some(stream) = script.streams.get("GET /api/sync/manifest") {
        return streamed(shared.clone(), stream.clone());
    }
    if let Some((status, body)) = script.answers.get("GET /api/sync/manifest") {
        return (StatusCode::from_u16(*status).unwrap(), Json(body.clone())).into_response();
    }
    let mut tables: BTreeMap<_, _> = script
        .tables
        .iter()
        .filter(|(name, _)| !name.contains('#'))
        .map(|(name, table)| {
            let entry = json!({"hash": table.hash, "updated": null, "size_bytes": table.bytes.len(), "rows": 1,
                "query_mode": table.query_mode, "source_type": "local"});
            (name.clone(), entry)
        })
        .collect();
    for (name, part) in &script.tables {
        let Some((table, part_name)) = name.split_once('#') else { continue };
        let entry = tables.entry(table.to_owned()).or_insert_with(|| {
            json!({"hash": "", "updated": null, "size_bytes": 0, "rows": 1, "query_mode": "local",
                "source_type": "local", "parts": []})
        });
        let part = json!({"name": part_name, "hash": part.hash, "size_bytes": part.bytes.len(), "rows": 1});
        entry["parts"].as_array_mut().unwrap().push(part);
    }
    Json(json!({"tables": tables, "assets": {}, "server_time": "2026-11-23T02:09:29"})).into_response()
}

async fn part(shared: State<Arc<Shared>>, Path((table, part)): Path<(String, String)>, headers: HeaderMap) -> Response {
    download(shared, Path(format!("{table}#{part}")), headers).await
}

async fn download(State(shared): State<Arc<Shared>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most_in_flight.fetch_max(now, Ordering::SeqCst);
    let (fault, together) = {
        let mut script = shared.script.lock().unwrap();
        (script.faults.get_mut(&name).and_then(VecDeque::pop_front), script.together.clone())
    };
    if let Some(together) = together
        && tokio::time::timeout(Duration::from_secs(20), together.wait()).await.is_err()
    {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    }
    let response = file(&shared, &name, &headers, fault).await;
    shared.in_flight.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn file(shared: &Arc<Shared>, name: &str, headers: &HeaderMap, fault: Option<Fault>) -> Response {
    let (mut cut, mut hold_at, mut wrong) = (None, None, None);
    match fault {
        Some(Fault::Status(status)) => return StatusCode::from_u16(status).unwrap().into_response(),
        Some(Fault::Cut(bytes)) => cut = Some(bytes),
        Some(Fault::Bytes(bytes)) => wrong = Some(bytes),
        Some(Fault::Replaced(bytes)) => {
            let hash = md5(&bytes);
            let table = Table { bytes, hash, tag: None, query_mode: "local" };
            shared.script.lock().unwrap().tables.insert(name.to_owned(), table);
        }
        Some(Fault::Hold) => shared.hold.wait().await,
        Some(Fault::HoldAt(bytes)) => hold_at = Some(bytes),
        None => {}
    }
    let Some(table) = shared.script.lock().unwrap().tables.get(name).cloned() else {
        return (StatusCode::NOT_FOUND, Json(json!({"detail": "Table not found"}))).into_response();
    };
    let tag = format!("\"{}\"", table.tag.as_ref().unwrap_or(&table.hash));
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if table.tag.is_none() && text(header::IF_MATCH).is_some_and(|wanted| wanted != tag) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    let bytes = wrong.unwrap_or(table.bytes);
    let range = text(header::RANGE)
        .filter(|_| text(header::IF_RANGE).is_none_or(|wanted| wanted == tag))
        .and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
        .and_then(|(first, last)| Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok())));
    let first = range.map_or(0, |(first, _)| first);
    if range.is_some() && first >= bytes.len() || first > bytes.len() {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let end = range.and_then(|(_, last)| last).map_or(bytes.len(), |last| bytes.len().min(last + 1));
    let mut response = Response::builder()
        .header(header::ETAG, tag)
        .header(header::CONTENT_LENGTH, end - first)
        .status(if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK });
    if range.is_some() {
        let range = format!("bytes {first}-{}/{}", end - 1, bytes.len());
        response = response.header(header::CONTENT_RANGE, range);
    }
    let rest = Bytes::from(bytes[first..end].to_vec());
    if let Some(length) = hold_at {
        let shared = Arc::clone(shared);
        let behind = rest.slice(length.min(rest.len())..);
        let held = futures_util::stream::once(async move {
            shared.hold.wait().await;
            Ok::<_, std::io::Error>(behind)
        });
        let before = rest.slice(..length.min(rest.len()));
        let pieces = futures_util::stream::iter([Ok(before)]).chain(held);
        return response.body(Body::from_stream(pieces)).unwrap();
    }
    let body = match cut {
        None => Body::from(rest),
        Some(length) => {
            let broken = std::io::Error::other("cut");
            // The pause lets the first bytes leave before the connection breaks.
            let pieces =
                futures_util::stream::unfold(Some((rest.slice(..length.min(rest.len())), broken)), |state| async {
                    let (bytes, broken) = state?;
                    if bytes.is_empty() {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        return Some((Err(broken), None));
                    }
                    Some((Ok(bytes), Some((Bytes::new(), broken))))
                });
            Body::from_stream(pieces)
        }
    };
    response.body(body).unwrap()
}
