//! Delays between attempts.

use std::time::Duration;

use jiff::Timestamp;

/// A delay that doubles with every failure, up to a maximum.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// After the first failure.
    pub initial: Duration,
    pub max: Duration,
}

impl Backoff {
    /// The delay after the given number of failures.
    pub fn delay(self, failures: u32) -> Duration {
        self.initial.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.max)
    }

    /// As [`Self::delay`], randomly shortened by up to half, so that clients that failed together come back apart.
    pub fn jittered(self, failures: u32) -> Duration {
        self.delay(failures).mul_f64(rand::random_range(0.5..=1.0))
    }
}

/// The delay that a `Retry-After` header asks for, in seconds or as a date.
pub fn parse_retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_maximum() {
        let backoff = Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(30) };
        for (failures, full) in [(0, 1.0), (1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (60, 30.0)] {
            assert_eq!(backoff.delay(failures).as_secs_f64(), full);
            let delay = backoff.jittered(failures).as_secs_f64();
            assert!(delay >= full / 2.0 && delay <= full, "{failures}: {delay}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(parse_retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(parse_retry_after("soon"), None);
    }
}
