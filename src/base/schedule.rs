//! The schedule grammar: `every 15m`, `every 2h`, `daily 05:00` or `daily 07:00,13:00`; all times UTC.

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};

use crate::base::time;

/// When a table is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    Every(SignedDuration),
    /// Times of day, UTC.
    Daily(Vec<Time>),
}

impl Schedule {
    /// `None` for anything outside the grammar.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(interval) = text.strip_prefix("every ") {
            let unit = interval.chars().last()?;
            let digits = interval.strip_suffix(unit)?;
            let number: i64 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
            let seconds = match unit {
                'm' => 60,
                'h' => 3600,
                _ => return None,
            };
            return (number >= 1)
                .then(|| number.checked_mul(seconds).map(|total| Self::Every(SignedDuration::from_secs(total))))?;
        }
        let times = text.strip_prefix("daily ")?;
        times.split(',').map(time_of_day).collect::<Option<_>>().map(Self::Daily)
    }

    /// Whether something that last ran at `last` is due at `now`. A daily target that was missed, on whatever day, is
    /// caught up.
    pub fn is_due(&self, last: Option<Timestamp>, now: Timestamp) -> bool {
        let Some(last) = last else { return true };
        match self {
            Self::Every(interval) => now.duration_since(last) >= *interval,
            Self::Daily(times) => {
                let today = time::civil(now).date();
                let targets = times.iter().flat_map(|at| {
                    [Some(today), today.yesterday().ok()].into_iter().flatten().filter_map(|day| {
                        day.to_datetime(*at).to_zoned(TimeZone::UTC).ok().map(|target| target.timestamp())
                    })
                });
                targets.filter(|target| *target <= now).max().is_some_and(|target| last < target)
            }
        }
    }
}

fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(schedule: &str, last: &str, now: &str) -> bool {
        Schedule::parse(schedule).unwrap().is_due(Some(last.parse().unwrap()), now.parse().unwrap())
    }

    #[test]
    fn grammar() {
        for bad in [
            "hourly",
            "weekly",
            "every 15s",
            "every  5m",
            "Every 5m",
            "every 0m",
            "every m",
            "every +5m",
            "daily 5:00",
            "daily 24:00",
            "daily 05:60",
            "daily 05:00,",
            "daily 05:00, 06:00",
            "",
            "every 99999999999999999999h",
        ] {
            assert_eq!(Schedule::parse(bad), None, "{bad}");
        }
        assert_eq!(Schedule::parse("every 2h"), Some(Schedule::Every(SignedDuration::from_hours(2))));
    }

    #[test]
    fn due_times() {
        assert!(!due("every 15m", "2026-01-02T11:50:00Z", "2026-01-02T12:00:00Z"));
        assert!(due("every 15m", "2026-01-02T11:45:00Z", "2026-01-02T12:00:00Z"));
        assert!(!due("every 15m", "2026-01-02T12:30:00Z", "2026-01-02T12:00:00Z"));
        assert!(!due("daily 05:00", "2026-01-02T05:00:00Z", "2026-01-02T12:00:00Z"));
        assert!(due("daily 07:00,13:00,18:00", "2026-01-02T07:30:00Z", "2026-01-02T14:00:00Z"));
        assert!(!due("daily 05:00", "2026-01-01T06:00:00Z", "2026-01-02T04:00:00Z"));
        assert!(due("daily 05:00", "2026-01-01T04:00:00Z", "2026-01-02T04:00:00Z"), "yesterday's target was missed");
        assert!(Schedule::parse("every 1h").unwrap().is_due(None, "2026-01-02T04:00:00Z".parse().unwrap()));
    }
}
