//! Retrying what failed for a reason that may pass.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::base::backoff::{Backoff, parse_retry_after};
use crate::base::with_causes;

/// The longest delay that a server may request.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// How often, and after which delays, a request is repeated.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    pub backoff: Backoff,
    /// Attempts in all.
    pub attempts: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { backoff: Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(30) }, attempts: 6 }
    }
}

/// How one attempt failed.
pub(super) enum Failure<E> {
    /// May succeed later, after the delay that the server requested.
    Passing(E, Option<Duration>),
    Final(E),
}

impl<E> Failure<E> {
    /// The failure of a request that was answered with this status: 429 and 5xx pass, except 501, which stays.
    pub(super) fn answered(status: StatusCode, requested: Option<Duration>, error: E) -> Self {
        let is_down = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
        match is_down || status == StatusCode::TOO_MANY_REQUESTS {
            true => Self::Passing(error, requested),
            false => Self::Final(error),
        }
    }
}

impl Retry {
    /// Runs `attempt` until it succeeds, fails permanently, or no attempt is left.
    pub(super) async fn run<T, E, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, Failure<E>>>,
    {
        let mut failures = 0;
        loop {
            match attempt().await {
                Ok(value) => return Ok(value),
                Err(Failure::Passing(_, requested)) if failures + 1 < self.attempts => {
                    failures += 1;
                    let delay = requested.map_or_else(|| self.backoff.jittered(failures), |it| it.min(MAX_RETRY_AFTER));
                    tokio::time::sleep(delay).await;
                }
                Err(Failure::Passing(error, _) | Failure::Final(error)) => return Err(error),
            }
        }
    }
}

/// The delay in `Retry-After`.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    parse_retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?)
}

/// A network error with its causes, without the address, which may be signed.
pub(super) fn network_text(error: reqwest::Error) -> String {
    with_causes(&error.without_url())
}
