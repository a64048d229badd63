use std::io;

use crate::access::UnknownOrigin;
use crate::base::disk::NoRoom;
use crate::query::QueryError;
use crate::store::StoreError;
use crate::sync::PublishError;

/// Why a table was not refreshed; the text is for the owner.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    pub fn text(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        if let QueryError::Internal(reason) = &error {
            tracing::error!(reason, "the query of a saved query failed");
            return Self::text("the query failed on the server; see its log");
        }
        Self(error.to_string())
    }
}

macro_rules! failure {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        }
    )+};
}

failure!(io::Error, StoreError, NoRoom, PublishError, UnknownOrigin);
