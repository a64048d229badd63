//! Trying a stack and a token before they are used.

use std::net::SocketAddr;
use std::time::Duration;

use super::client::{StorageClient, StorageError};
use super::retry::Retry;
use super::settings::{Settings, SettingsError};
use crate::base::secret::Secret;

/// Somebody waits for the answer.
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("Keboola did not answer within {} s", TIMEOUT.as_secs())]
    Timeout,
}

impl ConnectionError {
    /// Returns whether the stack was reached and does not accept the token.
    pub fn is_of_the_token(&self) -> bool {
        matches!(self, Self::Storage(StorageError::Token(_) | StorageError::Denied(_)))
    }
}

/// Asks the stack whose token it is; returns the name of the project. `addresses` are those of the stack, or empty to have
/// them looked up.
pub async fn test_connection(
    stack_url: &str,
    token: Secret,
    addresses: &[SocketAddr],
) -> Result<String, ConnectionError> {
    let mut settings = Settings::new(stack_url, token, TIMEOUT, "")?;
    settings.retry = Retry { attempts: 1, ..Retry::default() };
    let client = StorageClient::at(&settings, addresses)?;
    let info = tokio::time::timeout(TIMEOUT, client.verify_token()).await.map_err(|_| ConnectionError::Timeout)??;
    Ok(info.owner.name)
}
