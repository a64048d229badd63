//! What a source offers, and descriptions sent there.

pub mod push;
pub mod register;
pub mod tables;

use axum::http::StatusCode;

use crate::connectors::SourceError;
use crate::domain::discovery::DiscoveryError;
use crate::server::ApiError;

impl From<DiscoveryError> for ApiError {
    fn from(error: DiscoveryError) -> Self {
        let status = match error {
            DiscoveryError::Other(error) => return error.into(),
            DiscoveryError::Push(SourceError::Failed(_)) => StatusCode::BAD_GATEWAY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}
