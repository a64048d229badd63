//! Backoff for materialized tables that failed: 5 minutes, doubling up to an hour. It is kept in memory, and ignored for
//! tables that are requested by id.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::base::backoff::Backoff;

const BACKOFF: Backoff = Backoff { initial: Duration::from_secs(300), max: Duration::from_secs(3600) };

/// Registry id → number of failures in a row, and when the next attempt is due.
#[derive(Debug, Default)]
pub(super) struct TableBackoff(HashMap<String, (u32, Timestamp)>);

impl TableBackoff {
    pub(super) fn delays(&self, id: &str, now: Timestamp) -> bool {
        self.0.get(id).is_some_and(|(_, until)| now < *until)
    }

    pub(super) fn failed(&mut self, id: &str, now: Timestamp) {
        let (failures, until) = self.0.entry(id.to_owned()).or_insert((0, now));
        *failures += 1;
        *until = now.checked_add(BACKOFF.delay(*failures)).unwrap_or(now);
    }

    pub(super) fn succeeded(&mut self, id: &str) {
        self.0.remove(id);
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn delays_grow_to_an_hour_and_end_with_a_success() {
        let mut backoff = TableBackoff::default();
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        for (failures, minutes) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60)] {
            backoff.failed("t", at(0));
            assert!(backoff.delays("t", at(minutes - 1)) && !backoff.delays("t", at(minutes)), "{failures} failures");
        }
        backoff.succeeded("t");
        assert!(!backoff.delays("t", at(0)));
    }
}
