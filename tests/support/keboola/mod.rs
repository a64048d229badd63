//! A stand-in of Keboola's Storage API and of the object stores behind it, on a free port of this machine.
//!
//! It follows the public description: the token in `X-StorageApi-Token`, error bodies, export jobs that take some
//! polls, file information with short-lived credentials, manifests. Faults can be scripted by route.

mod api;
mod objects;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub const TOKEN: &str = "4321-987654-ThisIsTheStorageTokenOfTheTests";

/// Where the slices of a file lie; whole files always have a signed address.
#[derive(Clone, Copy, PartialEq)]
pub enum Store {
    Signed,
    Gcs,
    S3,
    Azure,
}

/// What an export gives.
#[derive(Clone)]
pub enum Content {
    /// One file with a header row.
    Whole(Vec<u8>),
    Slices(Store, Vec<Vec<u8>>),
}

/// One table of the project.
#[derive(Clone)]
pub struct Table {
    pub id: String,
    pub columns: Vec<String>,
    /// Further fields of the table's detail, e.g. `columnMetadata`.
    pub detail: Value,
    pub content: Content,
    /// The export job ends with this message.
    pub job_error: Option<String>,
    /// The export is answered from an earlier one.
    pub cached: bool,
    /// Rows as CSV with the Unix time of their import; then `content` is made of those that an export asks for.
    pub imported: Option<Vec<(i64, String)>>,
    /// How often the table was put, which its `lastChangeDate` tells.
    pub changes: u32,
}

impl Table {
    pub fn new(id: &str, columns: &[&str], content: Content) -> Self {
        Self {
            id: id.into(),
            columns: columns.iter().map(|&name| name.into()).collect(),
            detail: json!({}),
            content,
            job_error: None,
            cached: false,
            imported: None,
            changes: 0,
        }
    }

    /// Gives columns a base type, as extractors and users note it.
    pub fn base_types(mut self, types: &[(&str, &str)]) -> Self {
        let noted = types.iter().map(|(column, kind)| {
            let entry = json!({"key": "KBC.datatype.basetype", "value": kind, "provider": "user"});
            ((*column).to_owned(), json!([entry]))
        });
        self.detail["columnMetadata"] = Value::Object(noted.collect());
        self
    }
}

/// What goes wrong.
#[derive(Clone)]
pub enum Fault {
    /// A status, with `Retry-After` in seconds.
    Status(u16, Option<u32>),
    /// Half of the body, then the connection is gone.
    BrokenMidway,
}

#[derive(Default)]
struct State {
    tables: HashMap<String, Table>,
    /// Table, polls so far.
    jobs: Vec<(String, u32)>,
    /// Table, and what was noted on it.
    metadata: Vec<(String, Value)>,
    /// Bodies of the exports.
    exports: Vec<Value>,
    /// Part of a path, what goes wrong there, how often still.
    faults: Vec<(String, Fault, u32)>,
    requests: Vec<String>,
    /// Grows when all signatures and tokens of object stores expire.
    epoch: u32,
    /// Object requests until they expire.
    expire_after: Option<u32>,
    /// Requests that carried the Storage token to an object store.
    leaks: Vec<String>,
    address: String,
    /// What replaced [`TOKEN`].
    token: Option<String>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Notes the request and tells what shall go wrong with it.
    fn arrive(&self, method: &str, path: &str) -> Option<Fault> {
        let mut state = self.lock();
        state.requests.push(format!("{method} {path}"));
        let (_, fault, left) =
            state.faults.iter_mut().find(|(route, _, left)| *left > 0 && path.contains(route.as_str()))?;
        *left -= 1;
        Some(fault.clone())
    }
}

pub struct Keboola {
    pub url: String,
    shared: Shared,
    server: tokio::task::JoinHandle<()>,
}

impl Keboola {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared::default();
        shared.lock().address = url.clone();
        let app: Router = api::routes(&shared).fallback(objects::get).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, shared, server }
    }

    pub fn put(&self, table: Table) {
        let mut state = self.shared.lock();
        let changes = state.tables.get(&table.id).map_or(0, |before| before.changes + 1);
        state.tables.insert(table.id.clone(), Table { changes, ..table });
    }

    /// Another token is valid from now on, and no earlier one.
    pub fn rotate(&self, token: &str) {
        self.shared.lock().token = Some(token.into());
    }

    /// What was noted on tables.
    pub fn metadata(&self) -> Vec<(String, Value)> {
        self.shared.lock().metadata.clone()
    }

    /// What the exports so far asked for, the last one last.
    pub fn exports(&self) -> Vec<Value> {
        self.shared.lock().exports.clone()
    }

    /// The next `times` requests whose path contains `route` go wrong.
    pub fn fault(&self, route: &str, fault: Fault, times: u32) {
        self.shared.lock().faults.push((route.into(), fault, times));
    }

    /// Signatures and tokens given out so far end after this many object requests.
    pub fn expire_after(&self, requests: u32) {
        self.shared.lock().expire_after = Some(requests);
    }

    /// How many requests had this in `METHOD /path`.
    pub fn count(&self, part: &str) -> usize {
        self.shared.lock().requests.iter().filter(|request| request.contains(part)).count()
    }
}

impl Drop for Keboola {
    fn drop(&mut self) {
        self.server.abort();
        if !std::thread::panicking() {
            let leaks = &self.shared.lock().leaks;
            assert!(leaks.is_empty(), "the Storage token was sent to an object store: {leaks:?}");
        }
    }
}

fn failure(status: u16, retry_after: Option<u32>) -> Response {
    let body = json!({"error": "scripted failure", "status": "maintenance", "reason": "Maintenance"});
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

/// Says that the body has its full length and ends after half of it.
fn broken(body: &[u8]) -> Response {
    let half = axum::body::Bytes::copy_from_slice(&body[..body.len() / 2]);
    let cut = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let mut response = Response::new(axum::body::Body::from_stream(futures_util::stream::iter([Ok(half), cut])));
    response.headers_mut().insert("content-length", body.len().into());
    response
}
