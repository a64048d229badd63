//! A limit on concurrent work with a bounded queue in front of it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets a fixed number of tasks run at a time and a fixed number wait; further ones are rejected. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit {
    /// Running and waiting tasks.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    capacity: u32,
}

/// A place in the queue.
#[derive(Debug)]
pub struct Reservation {
    admitted: OwnedSemaphorePermit,
    running: Arc<Semaphore>,
}

/// Permission to run, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    _admitted: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tasks are waiting")]
pub struct QueueFull;

impl ConcurrencyLimit {
    pub fn new(max_concurrent: usize, max_waiting: usize) -> Self {
        let capacity = u32::try_from(max_concurrent + max_waiting).unwrap_or(u32::MAX);
        let admitted = Arc::new(Semaphore::new(capacity as usize));
        Self { admitted, running: Arc::new(Semaphore::new(max_concurrent)), capacity }
    }

    /// Takes a place in the queue without waiting.
    pub fn reserve(&self) -> Result<Reservation, QueueFull> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| QueueFull)?;
        Ok(Reservation { admitted, running: Arc::clone(&self.running) })
    }

    /// Waits for permission to run.
    pub async fn acquire(&self) -> Result<Permit, QueueFull> {
        self.reserve()?.acquire().await
    }

    /// Waits until no task runs or waits.
    pub async fn idle(&self) {
        let _all = self.admitted.acquire_many(self.capacity).await;
    }

    /// Number of tasks that would be admitted now.
    #[cfg(test)]
    pub fn available(&self) -> usize {
        self.admitted.available_permits()
    }
}

impl Reservation {
    /// Waits for permission to run. Never fails in practice: the semaphore is not closed.
    pub async fn acquire(self) -> Result<Permit, QueueFull> {
        let running = self.running.acquire_owned().await.map_err(|_| QueueFull)?;
        Ok(Permit { _admitted: self.admitted, _running: running })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rejects_what_does_not_fit_in_the_queue() {
        let limit = ConcurrencyLimit::new(1, 1);
        let running = limit.acquire().await.unwrap();
        let waiting = limit.reserve().unwrap();
        assert_eq!(limit.acquire().await.unwrap_err(), QueueFull);
        drop(running);
        let running = waiting.acquire().await.unwrap();
        assert_eq!(limit.available(), 1);
        drop(running);
        limit.idle().await;
    }
}
