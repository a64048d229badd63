//! One log line per request. Query strings and headers are left out: they may contain tokens.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// Requested every few seconds by health checks; logged at DEBUG only.
const QUIET: &str = "/api/health";

pub async fn requests(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    // Until the response headers; a long body is still being sent then.
    let duration_ms = started.elapsed().as_micros() as f64 / 1000.0;
    if path == QUIET {
        tracing::debug!(%method, path, status, duration_ms, "request");
    } else {
        tracing::info!(%method, path, status, duration_ms, "request");
    }
    response
}
