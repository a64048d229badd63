//! Turns errors into HTTP responses.

use std::error::Error;
use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use crate::domain;
use crate::domain::second_factor::Missing;
use crate::protocol::v2::Rejection;
use crate::protocol::{ErrorBody, FieldError};
use crate::query::QueryError;
use crate::query::predicate::Flaw;
use crate::server::services::passwords::HashError;
use crate::server::services::people::TooManyRunning;
use crate::server::services::rate_limits::TooManyRequests;
use crate::store::StoreError;

/// `Retry-After` when a queue is full.
const BUSY_SECONDS: u64 = 2;

/// An error as the caller sees it: a status and `{"detail": …}`.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: Value,
    /// Seconds.
    retry_after: Option<u64>,
    failure: Option<Failure>,
}

/// The cause of a 500. It travels with the response to [`super::middleware::failure`], which logs it; callers see it
/// only with `DEBUG`.
#[derive(Clone, Debug)]
pub struct Failure(pub Arc<dyn Error + Send + Sync>);

/// What handlers of the API return.
pub type ApiResult<T> = Result<T, ApiError>;

impl FieldError {
    /// A well-typed value that breaks a rule; `reason` says which.
    pub fn value(loc: impl IntoIterator<Item: Into<Value>>, reason: &str, input: impl Into<Value>) -> Self {
        Self {
            kind: "value_error",
            loc: loc.into_iter().map(Into::into).collect(),
            msg: format!("Value error, {reason}"),
            input: input.into(),
            ctx: Some(json!({"error": {}})),
        }
    }
}

impl ApiError {
    /// `detail` is a text or an object.
    pub fn new(status: StatusCode, detail: impl Into<Value>) -> Self {
        Self { status, detail: detail.into(), retry_after: None, failure: None }
    }

    pub fn bad_request(detail: impl Into<Value>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn unauthorized(detail: impl Into<Value>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub fn forbidden(detail: impl Into<Value>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub fn not_found(detail: impl Into<Value>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub fn conflict(detail: impl Into<Value>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    pub fn too_large(detail: impl Into<Value>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// Fields that are missing, of the wrong type, or break a rule.
    pub fn unprocessable(errors: Vec<FieldError>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, json!(errors))
    }

    /// A well-typed value that breaks a rule; `reason` says which, `loc` where it is.
    pub fn value(loc: [&str; 2], reason: &str, input: impl Into<Value>) -> Self {
        Self::unprocessable(vec![FieldError::value(loc, reason, input)])
    }

    /// Try again in `retry_after` seconds.
    pub fn too_many(detail: impl Into<Value>, retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// The detail, if it is a text.
    pub fn text(&self) -> Option<&str> {
        self.detail.as_str()
    }

    /// The wrong fields, if the detail is a list of those.
    pub fn fields(&self) -> Option<&[Value]> {
        self.detail.as_array().map(Vec::as_slice)
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// A failure that the caller cannot do anything about. Its text is logged, not shown.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let failure = Failure(Arc::from(error.into()));
        Self { failure: Some(failure), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error") }
    }

    /// For a path that does not exist.
    pub fn page_not_found() -> Self {
        Self::not_found("Page not found")
    }

    /// For a path that exists with other methods.
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(detail) => Self::not_found(detail),
            StoreError::Conflict(detail) => Self::conflict(detail),
            StoreError::DiskFull => Self::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()),
            StoreError::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            StoreError::Busy => Self::too_many(error.to_string(), 1),
            StoreError::TooLong => Self {
                retry_after: Some(BUSY_SECONDS),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            },
            StoreError::TimedOut => Self::new(StatusCode::GATEWAY_TIMEOUT, error.to_string()),
            StoreError::Engine(_) | StoreError::Broken(_) => Self::internal(error),
        }
    }
}

impl From<domain::Error> for ApiError {
    fn from(error: domain::Error) -> Self {
        use domain::Error;
        let text = error.to_string();
        match error {
            Error::Invalid(text) => Self::bad_request(text),
            Error::Field { field, reason, input } => Self::value(["body", &field], &reason, input),
            Error::Unauthorized(text) => Self::unauthorized(text),
            Error::Forbidden(text) => Self::forbidden(text),
            Error::NotFound(text) => Self::not_found(text),
            Error::Conflict(text) => Self::conflict(text),
            Error::ManagedByGoogle => Self::conflict(json!({ "code": "google_managed_readonly", "message": text })),
            Error::Lacks(missing) => {
                let status =
                    if missing == Missing::Enrolment { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
                Self::new(status, json!({ "code": missing.code(), "message": text }))
            }
            Error::Unprocessable(text) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, text),
            Error::File(error) if error.kind() == std::io::ErrorKind::StorageFull => StoreError::DiskFull.into(),
            Error::Signing(_) | Error::SecondFactor(_) | Error::Publish(_) | Error::File(_) => Self::internal(error),
            Error::Query(error) => error.into(),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<TooManyRequests> for ApiError {
    fn from(error: TooManyRequests) -> Self {
        Self::too_many(error.reason, error.retry_after)
    }
}

impl From<TooManyRunning> for ApiError {
    fn from(error: TooManyRunning) -> Self {
        Self::too_many(error.to_string(), 1)
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy(_) => Self::too_many(error.to_string(), BUSY_SECONDS),
            HashError::Weak(reason) => Self::bad_request(reason),
            HashError::Password(_) | HashError::Lost(_) => Self::internal(error),
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let text = error.to_string();
        match error {
            QueryError::NotSelect
            | QueryError::Refused
            | QueryError::UnknownTable { .. }
            | QueryError::Sql(_)
            | QueryError::Broken
            | QueryError::TooLarge(_) => Self::bad_request(text),
            QueryError::Denied { .. } => Self::forbidden(text),
            QueryError::TooComplex(_) | QueryError::ResultTooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, text),
            QueryError::Timeout { elapsed } => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                json!({
                    "kind": "timeout",
                    "elapsed_ms": elapsed.as_millis() as u64,
                    "hint": "Select fewer rows or columns, or pull the tables and query them locally",
                }),
            ),
            QueryError::Busy => Self::too_many(text, BUSY_SECONDS),
            QueryError::Stopped => Self::conflict(text),
            QueryError::Cancelled => Self::new(StatusCode::SERVICE_UNAVAILABLE, text),
            QueryError::Remote(_) => Self::new(StatusCode::BAD_GATEWAY, text),
            QueryError::Internal(_) => Self::internal(error),
        }
    }
}

impl From<Flaw> for ApiError {
    fn from(flaw: Flaw) -> Self {
        Self::bad_request(json!(Rejection {
            error: "validator_rejected".into(),
            kind: flaw.kind.as_str().into(),
            message: flaw.message,
            details: flaw.details,
        }))
    }
}

impl IntoResponse for ApiError {
    /// The body is also an extension of the response, for middleware that records or shows the reason.
    fn into_response(self) -> Response {
        let body = ErrorBody { detail: self.detail, request_id: None, error: None };
        let mut response = (self.status, Extension(body.clone()), Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(failure) = self.failure {
            response.extensions_mut().insert(failure);
        }
        response
    }
}
