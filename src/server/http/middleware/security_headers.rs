//! Security headers for browsers. A handler that sets one of them keeps its own value.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

/// Scripts, styles and images from this server only; no framing; forms submit to this server only.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'";

const ALWAYS: [(HeaderName, &str); 5] = [
    // Almost every response has data of a table or a person; a handler whose response may be cached says so.
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (CONTENT_SECURITY_POLICY, POLICY),
];

/// `https`: the server is reached over https only.
pub async fn add(State(https): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let strict_transport = https.then_some((STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    for (name, value) in ALWAYS.into_iter().chain(strict_transport) {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
