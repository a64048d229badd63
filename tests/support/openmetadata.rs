//! A stand-in of OpenMetadata on a free port of this machine: tables by their fully qualified names, and its errors
//! (<https://docs.open-metadata.org/latest/api-reference/errors>).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, State as FromState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

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
    /// No answer at all.
    Hang,
}

#[derive(Default)]
struct State {
    tables: HashMap<String, Value>,
    faults: Vec<Fault>,
    requests: Vec<String>,
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
        let app = Router::new().route("/api/v1/tables/name/{fqn}", get(table)).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("a server that runs") });
        Self { url, shared, server }
    }

    /// Adds or replaces a table.
    pub fn put(&self, fqn: &str, table: Value) {
        self.shared.lock().tables.insert(fqn.into(), table);
    }

    /// The next requests go wrong, in this order; the last fault stays.
    pub fn fail(&self, faults: &[Fault]) {
        self.shared.lock().faults = faults.iter().rev().copied().collect();
    }

    pub fn recover(&self) {
        self.shared.lock().faults.clear();
    }

    /// The names that were asked for.
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }
}

impl Drop for OpenMetadataServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn table(
    FromState(shared): FromState<Shared>,
    Path(fqn): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let fault = {
        let mut state = shared.lock();
        state.requests.push(fqn.clone());
        if state.faults.len() > 1 { state.faults.pop() } else { state.faults.last().copied() }
    };
    match fault {
        Some(Fault::Status(status)) => return failure(status, "UNEXPECTED", "scripted failure"),
        Some(Fault::Busy(after)) => {
            let limit = failure(429, "LIMITS_EXCEPTION", "Rate limit exceeded");
            return ([(header::RETRY_AFTER, after)], limit).into_response();
        }
        Some(Fault::Body(body)) => return ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Some(Fault::Moved) => return (StatusCode::FOUND, [(header::LOCATION, "/signin")]).into_response(),
        Some(Fault::Hang) => std::future::pending::<()>().await,
        None => {}
    }
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token != Some(&format!("Bearer {TOKEN}")) {
        return failure(401, "UNAUTHORIZED", "Not Authorized! Token not present");
    }
    let known = HashSet::from(["columns", "owners", "tags", "extension"]);
    let asked: HashSet<&str> = query.get("fields").map(|fields| fields.split(',').collect()).unwrap_or_default();
    if let Some(unknown) = asked.difference(&known).next() {
        return failure(400, "BAD_REQUEST", &format!("Invalid field name {unknown}"));
    }
    let Some(mut table) = shared.lock().tables.get(&fqn).cloned() else {
        return failure(404, "ENTITY_NOT_FOUND", &format!("Table with name [{fqn}] not found"));
    };
    // Only what was asked for is sent.
    if let Some(fields) = table.as_object_mut() {
        fields.retain(|field, _| !known.contains(field.as_str()) || asked.contains(field.as_str()));
        fields.insert("fullyQualifiedName".into(), json!(fqn));
    }
    Json(table).into_response()
}

fn failure(status: u16, kind: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(json!({ "code": status.as_u16(), "errorType": kind, "message": message }))).into_response()
}
