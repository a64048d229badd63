use jiff::{SignedDuration, Timestamp};

/// A table whose last sync is older counts as stale.
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Returns whether rows that were read from the source at `last` are stale.
pub fn is_stale(last: Timestamp, now: Timestamp) -> bool {
    now.duration_since(last) > STALE_AFTER
}
