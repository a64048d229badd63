use crate::domain::Error;

/// Why settings were not changed.
#[derive(Debug, thiserror::Error)]
pub enum ServerConfigError {
    #[error(
        "refusing to overwrite corrupt overlay at {path}; back up and remove the file, or fix it by hand ({reason})"
    )]
    Corrupt { path: String, reason: String },
    /// The address or the token of a source does not work.
    #[error("{reason}")]
    Source { field: &'static str, reason: String },
    #[error(transparent)]
    Other(Box<Error>),
}

impl From<Error> for ServerConfigError {
    fn from(error: Error) -> Self {
        Self::Other(Box::new(error))
    }
}

impl From<std::io::Error> for ServerConfigError {
    fn from(error: std::io::Error) -> Self {
        Error::from(error).into()
    }
}
