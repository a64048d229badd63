//! An id for each request, which connects its log lines, its response and the client's own records.
//!
//! Not tower-http's: the id of a client is sanitized before it is used.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::base::random;

pub const HEADER: &str = "x-request-id";

/// Longest id that is accepted from a client.
const MAX_LENGTH: usize = 64;

/// The id, as an extension of the request.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Uses the client's id or generates one, and opens the span that adds `request_id` to every log line. Work that outlives
/// the request keeps the id by running in [`tracing::Span::current`].
pub async fn assign(mut request: Request, next: Next) -> Response {
    let requested = request.headers().get(HEADER).map(|value| clean(value.as_bytes())).unwrap_or_default();
    let id = if requested.is_empty() { random::hex(6) } else { requested };
    // At ERROR, so that no level of logging filters the span away.
    let span = tracing::error_span!("request", request_id = %id);
    let header = HeaderValue::from_str(&id);
    request.extensions_mut().insert(RequestId(id));
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = header {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// Keeps only characters that are harmless in a header, a log line and a file name.
fn clean(given: &[u8]) -> String {
    let harmless = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    given.iter().filter(harmless).take(MAX_LENGTH).map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_only_harmless_characters() {
        assert_eq!(clean(b"ab c/../<script>_-9"), "abcscript_-9");
        assert_eq!(clean(b"my rid!/..%20<b>"), "myrid20b");
        assert_eq!(clean(b"/// \xff"), "");
        assert_eq!(clean(&[b'x'; 100]).len(), 64);
    }
}
