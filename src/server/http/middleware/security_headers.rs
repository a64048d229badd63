//! Security headers for browsers. A handler that sets one of them keeps its own value.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

use super::caller::Caller;
use crate::server::settings::HttpSettings;

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

/// Adds them.
pub async fn add(State(settings): State<HttpSettings>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    let is_https = settings.https || caller.is_some_and(|caller| caller.base_url.starts_with("https://"));
    let mut response = next.run(request).await;
    let strict_transport = settings.strict_transport.filter(|_| is_https);
    let strict_transport = strict_transport.map(|value| (STRICT_TRANSPORT_SECURITY, value));
    for (name, value) in ALWAYS.into_iter().chain(strict_transport) {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
