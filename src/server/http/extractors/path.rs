use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;

use crate::server::http::error::ApiError;

/// Parts of the path, percent-decoded.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub struct Path<T>(pub T);

impl From<PathRejection> for ApiError {
    /// An invalid path does not exist.
    fn from(rejection: PathRejection) -> Self {
        match rejection {
            PathRejection::FailedToDeserializePathParams(_) => Self::page_not_found(),
            other => Self::internal(other),
        }
    }
}
