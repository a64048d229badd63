use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// Returns whether the client names HTML among what it accepts, as browsers do; `*/*` does not count.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"))
}
