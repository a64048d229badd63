//! Times as the API writes them: always UTC; without an offset in the database and in most bodies.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use jiff::{Timestamp, civil, tz::TimeZone};

/// The current time, truncated to microseconds (the precision of the database).
pub fn now() -> Timestamp {
    from_micros(Timestamp::now().as_microsecond())
}

/// The time that many microseconds after 1970, clamped to the supported range.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Time of the last change of a file, in nanoseconds since 1970; 0 where none is kept.
pub fn modified_ns(file: &Metadata) -> i64 {
    let Ok(at) = file.modified() else { return 0 };
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |before| -before),
    }
}

/// `2026-11-23T02:09:29.113760`; the fraction is left out when it is zero.
pub fn iso_naive(at: Timestamp) -> String {
    text(at, 'T')
}

/// `2026-11-23T02:09:29.113760+00:00`.
pub fn iso_offset(at: Timestamp) -> String {
    format!("{}+00:00", text(at, 'T'))
}

/// `2026-11-23 02:09:29.113760`, as the user and token endpoints write it.
pub fn spaced(at: Timestamp) -> String {
    text(at, ' ')
}

/// Parses a time in ISO 8601, with `T` or a space. Without an offset it is in UTC; a date alone means its start.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let naive = || text.parse::<civil::DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(naive)
}

fn text(at: Timestamp, separator: char) -> String {
    let civil = civil(at);
    let fraction = if civil.subsec_nanosecond() < 1000 { "" } else { ".%6f" };
    civil.strftime(&format!("%Y-%m-%d{separator}%H:%M:%S{fraction}")).to_string()
}

/// The date and time of day in UTC.
pub fn civil(at: Timestamp) -> civil::DateTime {
    TimeZone::UTC.to_datetime(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let at = from_micros(1_795_399_769_113_760);
        assert_eq!(iso_naive(at), "2026-11-23T02:09:29.113760");
        assert_eq!(iso_offset(from_micros(1_795_399_769_000_000)), "2026-11-23T02:09:29+00:00");
        assert_eq!(spaced(at), "2026-11-23 02:09:29.113760");
    }

    #[test]
    fn reads_what_it_writes() {
        let at = from_micros(1_795_399_769_113_760);
        for text in [iso_naive(at), iso_offset(at), spaced(at), "2026-11-23T03:09:29.113760+01:00".into()] {
            assert_eq!(parse(&text), Some(at), "{text}");
        }
        assert_eq!(parse("2026-11-23").map(spaced).as_deref(), Some("2026-11-23 00:00:00"));
        assert_eq!(parse("yesterday"), None);
    }
}
