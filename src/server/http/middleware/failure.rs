//! Internal failures are logged; the response has the request id to look them up.

use std::any::Any;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;

use super::request_id::RequestId;
use crate::protocol::ErrorBody;
use crate::server::http::error::{ApiError, Failure};

/// Logs the cause of a 500 and writes its body.
pub async fn render(
    State(debug): State<bool>,
    Extension(RequestId(id)): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let Some(Failure(cause)) = response.extensions_mut().remove::<Failure>() else { return response };
    let text = crate::base::with_causes(cause.as_ref());
    tracing::error!(exc = text, "request failed");
    let body = ErrorBody { detail: json!("Internal server error"), request_id: Some(id), error: debug.then_some(text) };
    let mut rendered = (StatusCode::INTERNAL_SERVER_ERROR, Json(&body)).into_response();
    // What is known about the response is also known about the one that replaces it.
    rendered.extensions_mut().extend(std::mem::take(response.extensions_mut()));
    rendered.extensions_mut().insert(body);
    rendered
}

/// A panic in a handler ends that request only.
pub fn from_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal(format!("panic: {}", crate::base::panic_text(panic.as_ref()))).into_response()
}
