//! Trying again after failures that pass by themselves.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest pause that a server may ask for.
const PATIENCE: Duration = Duration::from_secs(600);

/// Exponential pauses with jitter.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    pub first: Duration,
    pub longest: Duration,
    /// Attempts in all.
    pub tries: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(30), tries: 6 }
    }
}

/// How one attempt failed.
pub(super) enum Failure<E> {
    /// May work later, not before the pause that the server asked for.
    Passing(E, Option<Duration>),
    Final(E),
}

impl Backoff {
    /// Runs `attempt` until it succeeds, fails for good, or was tried often enough.
    pub(super) async fn run<T, E, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, Failure<E>>>,
    {
        let mut tried = 0;
        loop {
            tried += 1;
            match attempt().await {
                Ok(value) => return Ok(value),
                Err(Failure::Passing(_, asked)) if tried < self.tries => {
                    tokio::time::sleep(asked.map_or_else(|| self.pause(tried), |asked| asked.min(PATIENCE))).await;
                }
                Err(Failure::Passing(error, _) | Failure::Final(error)) => return Err(error),
            }
        }
    }

    fn pause(&self, tried: u32) -> Duration {
        let full = self.first.saturating_mul(1 << (tried - 1).min(16)).min(self.longest);
        full.mul_f64(rand::random_range(0.5..=1.0))
    }
}

/// 429 and 5xx pass, except 501, which stays.
pub(super) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

/// `Retry-After` in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(jiff::Timestamp::now())).unwrap_or_default())
}

/// A network error with its causes, without the address, which may be signed.
pub(super) fn network_text(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let backoff = Backoff::default();
        for (tried, full) in [(1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (60, 30.0)] {
            let pause = backoff.pause(tried).as_secs_f64();
            assert!(pause >= full / 2.0 && pause <= full, "{tried}: {pause}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let headers = |text: &str| HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        assert_eq!(retry_after(&headers("7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("soon")), None);
    }
}
