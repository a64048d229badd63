//! Which failed requests of a pull are tried again, and when.

use std::time::Duration;

use crate::base::backoff::Backoff;
use crate::client::{Client, ClientError};
use crate::protocol::sync::Manifest;

/// Delays between attempts.
const BACKOFF: Backoff = Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(3) };
/// Longest delay that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// How long a hook waits for the manifest.
const HOOK_TIMEOUT: Duration = Duration::from_secs(5);
/// An attempt that brings this part of a file is not a failure. It bounds the number of attempts, too.
const PROGRESS: u64 = 20;

/// The attempts at one file.
#[derive(Debug)]
pub struct Attempts {
    retries: u32,
    /// Size of the file, where it is known.
    size: Option<u64>,
    /// So far.
    pub made: u32,
    /// Since the last progress.
    failures: u32,
    /// Number of bytes at the last progress.
    bytes: u64,
}

impl Attempts {
    pub fn new(retries: u32, size: Option<u64>) -> Self {
        Self { retries, size, made: 0, failures: 0, bytes: 0 }
    }

    /// Counts an attempt that failed when there were `bytes` of the file. Returns the delay before the next one; `None`:
    /// it was the last one.
    pub fn failed(&mut self, error: &ClientError, bytes: u64) -> Option<Duration> {
        self.made += 1;
        if self.size.is_some_and(|size| bytes >= self.bytes.saturating_add((size / PROGRESS).max(1))) {
            self.bytes = bytes;
            self.failures = 0;
        } else {
            self.failures += 1;
        }
        if !error.is_transient() || self.retries == 0 || self.failures > self.retries {
            return None;
        }
        Some(delay(self.failures, error))
    }
}

/// The delay that the server asks for, else a growing one.
fn delay(failures: u32, error: &ClientError) -> Duration {
    error.retry_after().map_or_else(|| BACKOFF.jittered(failures), |requested| requested.min(MAX_RETRY_AFTER))
}

/// The manifest. A server that cannot be reached at all is not tried again: nothing has been downloaded yet. For a hook
/// nothing is tried again, and the server has to answer at once.
pub async fn manifest(client: &Client, retries: u32, is_hook: bool) -> Result<Manifest, ClientError> {
    if is_hook {
        let slow = |_| ClientError::Unreachable { server: client.server().to_owned(), reason: "timed out".into() };
        return tokio::time::timeout(HOOK_TIMEOUT, client.manifest()).await.map_err(slow)?;
    }
    let mut attempts = Attempts::new(retries, None);
    loop {
        let error = match client.manifest().await {
            Err(error) if !matches!(error, ClientError::Unreachable { .. }) => error,
            outcome => return outcome,
        };
        match attempts.failed(&error, 0) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupted() -> ClientError {
        ClientError::Interrupted { server: String::new(), reason: String::new() }
    }

    #[test]
    fn attempts_without_progress_are_counted() {
        let mut attempts = Attempts::new(3, Some(1000));
        let again: Vec<bool> =
            [0, 49, 50, 60, 99, 99, 99].map(|bytes| attempts.failed(&interrupted(), bytes).is_some()).into();
        assert_eq!(again, [true, true, true, true, true, true, false]);
        assert_eq!(attempts.made, 7);
    }

    #[test]
    fn attempts_are_bounded_whatever_they_bring() {
        let mut attempts = Attempts::new(3, Some(1_000_000));
        let made = (0..)
            .take_while(|bytes| attempts.failed(&interrupted(), (*bytes * 20_000).min(1_000_000)).is_some())
            .count();
        assert!(made > 40 && made < 80, "{made}");
        assert!(Attempts::new(0, Some(10)).failed(&interrupted(), 9).is_none());
    }

    #[test]
    fn refusals_are_final() {
        let refused = ClientError::Status { status: 403, body: serde_json::Value::Null, retry_after: None };
        assert!(Attempts::new(3, None).failed(&refused, 0).is_none());
    }
}
