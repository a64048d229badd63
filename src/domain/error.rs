use serde_json::Value;

use super::second_factor::Missing;
use crate::access::SigningError;
use crate::access::totp::TotpError;
use crate::query::QueryError;
use crate::store::StoreError;
use crate::sync::RunError;

/// What operations return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation was not carried out. Unless it is [`Error::Store`], the text is for the caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value breaks a rule that concerns the whole request.
    #[error("{0}")]
    Invalid(String),
    /// The values of a well-formed request do not fit together, or do not fit this instance.
    #[error("{0}")]
    Unprocessable(String),
    /// A value of one field breaks a rule.
    #[error("{reason}")]
    Field { field: String, reason: String, input: Value },
    /// The caller has not proved who they are, or their session has ended.
    #[error("{0}")]
    Unauthorized(String),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// What the request names does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The request contradicts the current state, for example because a name is taken.
    #[error("{0}")]
    Conflict(String),
    /// The members of the group are managed in Google Workspace.
    #[error(
        "This group is managed by Google Workspace and is read-only here. Add or remove members via admin.google.com, \
         or sign in again to refresh."
    )]
    ManagedByGoogle,
    /// The caller has proved one factor, and needs a second one.
    #[error("{}", .0.text())]
    Lacks(Missing),
    /// A statement does not pass, or cannot be checked now.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A second factor cannot be read or made.
    #[error(transparent)]
    SecondFactor(TotpError),
    /// A token cannot be signed.
    #[error("cannot sign a token: {0}")]
    Signing(#[from] SigningError),
    /// The change was made, but what follows from it could not be published.
    #[error(transparent)]
    Publish(#[from] RunError),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// The state database failed; see [`StoreError`].
    #[error(transparent)]
    Store(StoreError),
}

impl Error {
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid(reason.into())
    }

    pub fn field(field: &str, reason: impl Into<String>, input: impl Into<Value>) -> Self {
        Self::Field { field: field.to_owned(), reason: reason.into(), input: input.into() }
    }

    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound(what.into())
    }

    pub fn conflict(reason: impl Into<String>) -> Self {
        Self::Conflict(reason.into())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(text) => Self::NotFound(text),
            StoreError::Conflict(text) => Self::Conflict(text),
            other => Self::Store(other),
        }
    }
}
