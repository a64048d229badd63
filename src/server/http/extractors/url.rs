use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fields;
use crate::server::http::error::ApiError;
use crate::server::http::openapi::Argument;

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

impl<T> Argument for Path<T> {
    const STATUSES: &'static [u16] = &[404];
}

/// The query string as a struct of texts, numbers and booleans. The last value of a repeated name counts.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs = fields::pairs(parts.uri.query().unwrap_or_default());
        fields::read("query", Value::Object(pairs)).map(Self)
    }
}

impl<T> Argument for Query<T> {
    const STATUSES: &'static [u16] = &[422];
}
