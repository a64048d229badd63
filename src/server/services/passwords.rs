//! Password hashing off the async threads, and only so much of it at once: each hash takes memory and tens of
//! milliseconds, which a flood of sign-ins must not multiply.

use tokio::sync::Semaphore;

use crate::access::password::{self, PasswordError};
use crate::base::secret::Secret;
use crate::server::ApiError;

/// Hashes at once.
const AT_ONCE: usize = 2;
/// Further requests that may wait for their turn.
const WAITING: usize = 64;

#[derive(Debug)]
pub struct Passwords {
    turns: Semaphore,
    places: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), places: Semaphore::new(AT_ONCE + WAITING) }
    }
}

impl Passwords {
    pub async fn hash(&self, password: String) -> Result<Secret, ApiError> {
        self.run(move || password::hash(&password)).await
    }

    pub async fn verify(&self, password: String, stored: Secret) -> Result<bool, ApiError> {
        self.run(move || password::verify(&password, &stored)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::too_many("Too many sign-ins at once; try again in a moment", 2);
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let _turn = self.turns.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)?.map_err(ApiError::internal)
    }
}
