//! A stand-in of OpenMetadata on a free port of this machine: tables by their fully qualified names, metrics, and its errors
//! (<https://docs.open-metadata.org/latest/api-reference/errors>).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, State as FromState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::watch;

pub const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.bot.signature";

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This status, with an error as OpenMetadata writes it.
    Status(u16),
    /// 429 with this `Retry-After`.
    Busy(&'static str),
    /// 200 with this body.
    Body(&'static str),
    /// Another place is named, where the request shall go instead.
    Moved,
    /// No answer before [`OpenMetadataServer::recover`].
    Hang,
    /// Nothing.
    Nothing,
}

#[derive(Default)]
struct State {
    tables: HashMap<String, Value>,
    metrics: Vec<Value>,
    faults: Vec<Fault>,
    requests: Vec<String>,
    recovery: watch::Sender<()>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

pub struct OpenMetadataServer {
    pub url: String,
    shared: Shared,
    server: tokio::task::JoinHandle<()>,
}

impl OpenMetadataServer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Shared::default();
        let app = Router::new()
            .route("/api/v1/tables/name/{fqn}", get(table))
            .route("/api/v1/metrics", get(metrics))
            .with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("a server that runs") });
        Self { url, shared, server }
    }

    /// Adds or replaces a table.
    pub fn put(&self, fqn: &str, table: Value) {
        self.shared.lock().tables.insert(fqn.into(), table);
    }

    pub fn remove(&self, fqn: &str) {
        self.shared.lock().tables.remove(fqn);
    }

    /// Replaces all metrics.
    pub fn put_metrics(&self, metrics: Vec<Value>) {
        self.shared.lock().metrics = metrics;
    }

    /// The next requests go wrong, in this order; the last fault stays.
    pub fn fail(&self, faults: &[Fault]) {
        self.shared.lock().faults = faults.iter().rev().copied().collect();
    }

    pub fn recover(&self) {
        let mut state = self.shared.lock();
        state.faults.clear();
        state.recovery.send_replace(());
    }

    /// The names of tables that were asked for, and the places where pages of metrics begin.
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }
}

impl Drop for OpenMetadataServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The fields that a table and a metric have only if they are asked for.
const TABLE_FIELDS: [&str; 4] = ["columns", "owners", "tags", "extension"];
const METRIC_FIELDS: [&str; 8] =
    ["owners", "reviewers", "relatedMetrics", "followers", "tags", "extension", "domains", "dataProducts"];

async fn table(
    FromState(shared): FromState<Shared>,
    Path(fqn): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refusal(&shared, fqn.clone(), &headers).await {
        return refusal;
    }
    let Some(mut table) = shared.lock().tables.get(&fqn).cloned() else {
        return failure(404, "ENTITY_NOT_FOUND", &format!("Table with name [{fqn}] not found"));
    };
    if let Some(unknown) = retain(&mut table, &query, &TABLE_FIELDS) {
        return unknown;
    }
    table["fullyQualifiedName"] = json!(fqn);
    Json(table).into_response()
}

/// A page of the metrics in order of their names; `after` is the name of the last one of the page before.
async fn metrics(
    FromState(shared): FromState<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let after = query.get("after").cloned().unwrap_or_default();
    if let Some(refusal) = refusal(&shared, format!("metrics after '{after}'"), &headers).await {
        return refusal;
    }
    let limit = query.get("limit").map_or(10, |limit| limit.parse().expect("a number"));
    let name = |metric: &Value| metric["name"].as_str().expect("a name").to_owned();
    let mut metrics = shared.lock().metrics.clone();
    metrics.sort_by_key(name);
    let total = metrics.len();
    metrics.retain(|metric| name(metric) > after);
    let has_more = metrics.len() > limit;
    metrics.truncate(limit);
    let mut paging = json!({ "total": total });
    if let Some(last) = metrics.last().filter(|_| has_more) {
        paging["after"] = json!(name(last));
    }
    for metric in &mut metrics {
        if let Some(unknown) = retain(metric, &query, &METRIC_FIELDS) {
            return unknown;
        }
    }
    Json(json!({ "data": metrics, "paging": paging })).into_response()
}

/// What is answered instead of what was asked for.
async fn refusal(shared: &Shared, asked: String, headers: &HeaderMap) -> Option<Response> {
    let (fault, mut recovery) = {
        let mut state = shared.lock();
        state.requests.push(asked);
        let fault = if state.faults.len() > 1 { state.faults.pop() } else { state.faults.last().copied() };
        (fault, state.recovery.subscribe())
    };
    match fault {
        Some(Fault::Status(status)) => return Some(failure(status, "UNEXPECTED", "scripted failure")),
        Some(Fault::Busy(after)) => {
            let limit = failure(429, "LIMITS_EXCEPTION", "Rate limit exceeded");
            return Some(([(header::RETRY_AFTER, after)], limit).into_response());
        }
        Some(Fault::Body(body)) => {
            return Some(([(header::CONTENT_TYPE, "application/json")], body).into_response());
        }
        Some(Fault::Moved) => return Some((StatusCode::FOUND, [(header::LOCATION, "/signin")]).into_response()),
        Some(Fault::Hang) => recovery.changed().await.expect("a server that lives"),
        Some(Fault::Nothing) | None => {}
    }
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_known = token == Some(&format!("Bearer {TOKEN}"));
    (!is_known).then(|| failure(401, "UNAUTHORIZED", "Not Authorized! Token not present"))
}

/// Removes the fields that were not asked for. Returns the answer if one is asked for that does not exist.
fn retain(entity: &mut Value, query: &HashMap<String, String>, known: &[&str]) -> Option<Response> {
    let asked: HashSet<&str> = query.get("fields").map(|fields| fields.split(',').collect()).unwrap_or_default();
    if let Some(unknown) = asked.iter().find(|field| !known.contains(field)) {
        return Some(failure(400, "BAD_REQUEST", &format!("Invalid field name {unknown}")));
    }
    if let Some(fields) = entity.as_object_mut() {
        fields.retain(|field, _| !known.contains(&field.as_str()) || asked.contains(field.as_str()));
    }
    None
}

fn failure(status: u16, kind: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(json!({ "code": status.as_u16(), "errorType": kind, "message": message }))).into_response()
}
