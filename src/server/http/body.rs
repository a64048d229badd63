//! Reads request bodies of limited size, within a limited time.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::StatusCode;

use super::error::ApiError;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a whole body; one of more than `max_bytes` is rejected with `too_large`.
pub async fn read(body: Body, max_bytes: usize, too_large: String) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(TIMEOUT, to_bytes(body, max_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.source().is_some_and(|cause| cause.to_string().contains("length limit")) => {
            Err(ApiError::too_large(too_large))
        }
        Ok(Err(_)) => Err(unreadable()),
        Err(_) => Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time")),
    }
}

pub fn unreadable() -> ApiError {
    ApiError::bad_request("There was an error parsing the body")
}
