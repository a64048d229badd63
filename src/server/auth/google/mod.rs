//! Signing in with Google.

pub mod callback;
pub mod login;

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::server::ApiError;

/// Path that Google redirects browsers back to.
const CALLBACK_PATH: &str = "/auth/google/callback";
/// Name of the cookie that holds the name of a pending sign-in.
pub const COOKIE: &str = "session";
/// Requests per minute to each of the two endpoints.
const PER_MINUTE: u32 = 30;
const NOT_CONFIGURED: &str = "google_not_configured";

/// Redirects to the login page, which says what `code` means.
fn refusal(code: &str) -> Response {
    match HeaderValue::try_from(format!("/login?error={code}")) {
        Ok(location) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}
