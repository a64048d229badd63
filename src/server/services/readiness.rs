//! Whether requests can be served, found out by serving some.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::domain::probe;
use crate::query::QueryEngine;
use crate::store::Store;

/// How long a result holds, so that asking often costs nothing.
const FRESH: Duration = Duration::from_secs(5);
/// How long a write may take.
const WRITE_TIME: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, Result<(), String>)>>);

impl Readiness {
    /// Has a query worker answer and the state database write, unless that was done a moment ago. Says what does not work.
    pub async fn check(&self, store: &Store, queries: &QueryEngine) -> Result<(), String> {
        let mut last = self.0.lock().await;
        if let Some((at, result)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return result.clone();
        }
        let result = check(store, queries).await;
        if let Err(error) = &result {
            tracing::error!("not ready: {error}");
        }
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

async fn check(store: &Store, queries: &QueryEngine) -> Result<(), String> {
    queries.check().await.map_err(|error| format!("queries: {error}"))?;
    match tokio::time::timeout(WRITE_TIME, probe::write(store)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("state database: {error}")),
        Err(_) => Err("state database: a write takes too long".into()),
    }
}
