//! Reads JSON bodies before anything else looks at the request: malformed JSON is a 422 even without credentials.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::protocol::FieldError;
use crate::server::http::body;
use crate::server::http::error::ApiError;

/// Maximum size of a JSON body.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A parsed body, as an extension of the request; absent if the body is empty or not JSON.
#[derive(Clone, Debug)]
pub struct ParsedBody(pub Value);

pub async fn parse(request: Request, next: Next) -> Response {
    if !is_json(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match read(body).await {
        Ok(Some(value)) => _ = parts.extensions.insert(ParsedBody(value)),
        Ok(None) => {}
        Err(error) => return error.into_response(),
    }
    next.run(Request::from_parts(parts, Body::empty())).await
}

/// Reads a body as text, up to [`MAX_BYTES`].
pub async fn read_text(body: Body) -> Result<String, ApiError> {
    let too_large = format!("The body is longer than {} MB", MAX_BYTES / 1024 / 1024);
    let bytes = body::read(body, MAX_BYTES, too_large).await?;
    String::from_utf8(bytes.into()).map_err(|_| body::unreadable())
}

async fn read(body: Body) -> Result<Option<Value>, ApiError> {
    let text = read_text(body).await?;
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&text).map(Some).map_err(|error| ApiError::unprocessable(vec![invalid(&text, &error)]))
}

fn invalid(text: &str, error: &serde_json::Error) -> FieldError {
    let message = error.to_string();
    let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
    FieldError {
        kind: "json_invalid",
        loc: vec![json!("body"), json!(offset(text, error.line(), error.column()))],
        msg: "JSON decode error".into(),
        input: json!({}),
        ctx: Some(json!({ "error": reason })),
    }
}

/// Position in characters, from a line and a column in bytes (both from 1; column 0 is the line's start).
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let bytes = start + column.saturating_sub(1);
    text.char_indices().take_while(|(at, _)| *at < bytes).count()
}

/// `application/json` or `application/*+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_counts_characters() {
        let text = "{\"ä\": 1,\n \"b\" 2}";
        let error = serde_json::from_str::<Value>(text).unwrap_err();
        assert_eq!(invalid(text, &error).loc, [json!("body"), json!(14)]);
    }

    #[test]
    fn json_content_types() {
        let json = |text: &'static str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, header::HeaderValue::from_static(text))]))
        };
        assert!(json("application/json; charset=utf-8") && json("application/merge-patch+JSON"));
        assert!(!json("text/json") && !json("application/jsonp") && !is_json(&HeaderMap::new()));
    }
}
