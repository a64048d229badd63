//! One log line per request: who, what, result and duration. Addresses of people, query strings and headers are left out: they may contain tokens.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use super::data_read::DataRead;
use super::identity::{Identity, Known};

/// Longest list of tables that is logged, in characters.
const MAX_CHARS: usize = 300;

/// Requested every few seconds by health checks; logged at DEBUG only.
const QUIET: &str = "/api/health";

pub async fn requests(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let identity = Identity::default();
    request.extensions_mut().insert(identity.clone());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    // Until the response headers; a long body is still being sent then.
    let duration_ms = started.elapsed().as_micros() as f64 / 1000.0;
    if path == QUIET {
        tracing::debug!(%method, path, status, duration_ms, "request");
    } else {
        let known = identity.known();
        let user = known.map(|known| known.user_id.as_str());
        let token = known.and_then(Known::token_id);
        let route = matched.as_ref().map(MatchedPath::as_str);
        let tables = response.extensions().get::<DataRead>().map(|read| shown(&read.tables));
        tracing::info!(%method, path, route, user, token, tables, status, duration_ms, "request");
    }
    response
}

fn shown(tables: &[String]) -> String {
    tables.join(", ").chars().take(MAX_CHARS).collect()
}
