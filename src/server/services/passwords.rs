//! Password hashing off the async threads. Each hash takes memory and tens of milliseconds, so a flood of sign-ins gets
//! a bounded share of the machine.

use tokio::task::JoinError;

use crate::access::password::{self, PasswordError};
use crate::access::password_strength::{ContextWords, weakness};
use crate::base::concurrency::{ConcurrencyLimit, QueueFull};
use crate::base::secret::Secret;

const MAX_CONCURRENT: usize = 2;
const MAX_WAITING: usize = 64;

#[derive(Debug)]
pub struct Passwords(ConcurrencyLimit);

#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("Too many sign-ins at once; try again in a moment")]
    Busy(#[from] QueueFull),
    /// The text says why.
    #[error("{0}")]
    Weak(&'static str),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Lost(#[from] JoinError),
}

impl Default for Passwords {
    fn default() -> Self {
        Self(ConcurrencyLimit::new(MAX_CONCURRENT, MAX_WAITING))
    }
}

impl Passwords {
    /// Hashes a password that somebody chose, unless it is too easy to guess.
    pub async fn hash_chosen(&self, password: String, context: ContextWords) -> Result<Secret, HashError> {
        let hashed = self.run(move || match weakness(&password, &context) {
            Some(reason) => Ok(Err(HashError::Weak(reason))),
            None => password::hash(&password).map(Ok),
        });
        hashed.await?
    }

    pub async fn hash(&self, password: String) -> Result<Secret, HashError> {
        self.run(move || password::hash(&password)).await
    }

    pub async fn verify(&self, password: String, stored: Secret) -> Result<bool, HashError> {
        self.run(move || password::verify(&password, &stored)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, HashError> {
        let _permit = self.0.acquire().await?;
        Ok(tokio::task::spawn_blocking(work).await??)
    }
}
