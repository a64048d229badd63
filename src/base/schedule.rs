//! The schedule grammar: `every 15m`, `every 2h`, `daily 05:00`, `daily 07:00,13:00`, or five cron fields such as
//! `*/15 6-18 * * 1-5`; all times UTC.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};

use super::time;

/// The grammar, for error messages.
pub const GRAMMAR: &str =
    "'every <N>m', 'every <N>h', 'daily HH:MM[,HH:MM…]' or five cron fields like '*/15 6-18 * * 1-5' (UTC)";

/// When something is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    Every(SignedDuration),
    /// Times of day, UTC.
    Daily(Vec<Time>),
    Cron(Box<cron::Schedule>),
}

impl Schedule {
    /// `None` for anything outside the grammar.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(interval) = text.strip_prefix("every ") {
            let minutes = interval.strip_suffix('m').map(|digits| (digits, 60));
            let (digits, seconds) = minutes.or_else(|| Some((interval.strip_suffix('h')?, 3600)))?;
            let number: i64 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
            let total = number.checked_mul(seconds).filter(|total| *total > 0)?;
            return Some(Self::Every(SignedDuration::from_secs(total)));
        }
        if let Some(times) = text.strip_prefix("daily ") {
            return times.split(',').map(time_of_day).collect::<Option<_>>().map(Self::Daily);
        }
        cron_fields(text)
    }

    /// The first time after `last` at which it is due again; `None`: never.
    pub fn next_after(&self, last: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(interval) => last.checked_add(*interval).ok(),
            Self::Daily(times) => {
                let today = time::civil(last).date();
                let days = [Some(today), today.tomorrow().ok()];
                let targets =
                    days.into_iter().flatten().flat_map(|day| times.iter().map(move |at| day.to_datetime(*at)));
                let moments = targets.filter_map(|target| target.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()));
                moments.filter(|target| *target > last).min()
            }
            Self::Cron(fields) => {
                let last = chrono::DateTime::from_timestamp(last.as_second(), 0)?;
                Timestamp::from_second(fields.after(&last).next()?.timestamp()).ok()
            }
        }
    }

    /// Returns whether something that last ran at `last` is due at `now`. Missed runs are made up for by one.
    pub fn is_due(&self, last: Option<Timestamp>, now: Timestamp) -> bool {
        last.is_none_or(|last| self.next_after(last).is_some_and(|next| next <= now))
    }
}

/// Minute, hour, day of the month, month, day of the week, as in crontab. Programs disagree on whether a day of the month
/// together with a day of the week means either or both, so one of them must be `*`.
fn cron_fields(text: &str) -> Option<Schedule> {
    let fields: Vec<&str> = text.split(' ').collect();
    let [minute, hour, day, month, weekday] = fields[..] else { return None };
    if (day != "*" && weekday != "*") || fields.iter().any(|field| field.contains('?')) {
        return None;
    }
    let weekday = weekdays(weekday)?;
    let fields = cron::Schedule::from_str(&format!("0 {minute} {hour} {day} {month} {weekday}")).ok()?;
    Some(Schedule::Cron(Box::new(fields)))
}

/// Sunday is 0 or 7 in crontab but 1 in the library, so numbers become names.
fn weekdays(field: &str) -> Option<String> {
    const NAMES: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    let number = |text: &str| {
        let by_name = NAMES.iter().position(|name| text.eq_ignore_ascii_case(name));
        text.parse::<usize>().ok().filter(|number| *number < NAMES.len()).or(by_name)
    };
    if field == "*" {
        return Some(field.to_owned());
    }
    let mut days = Vec::new();
    for item in field.split(',') {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let step: usize = step.parse().ok().filter(|step| *step > 0)?;
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(range)?, number(range)?),
        };
        if first > last {
            return None;
        }
        days.extend((first..=last).step_by(step).map(|day| NAMES[day]));
    }
    Some(days.join(","))
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
            "* * * *",
            "60 * * * *",
            "* * * * * *",
            "* * 1 * 1",
            "* * * * 8",
            "* * * * 5-1",
            "*  * * * *",
            "@daily",
        ] {
            assert_eq!(Schedule::parse(bad), None, "{bad}");
        }
        assert_eq!(Schedule::parse("every 2h"), Some(Schedule::Every(SignedDuration::from_hours(2))));
    }

    #[test]
    fn cron_fields_are_those_of_crontab() {
        let next = |fields: &str| {
            Schedule::parse(fields).unwrap().next_after("2026-11-26T16:45:30Z".parse().unwrap()).unwrap().to_string()
        };
        // 2026-11-26 is a Thursday.
        assert_eq!(next("*/15 * * * *"), "2026-11-26T17:00:00Z");
        assert_eq!(next("30 5 * * *"), "2026-11-27T05:30:00Z");
        assert_eq!(next("0 6 1 * *"), "2026-12-01T06:00:00Z");
        assert_eq!(next("0 0 * * 0"), "2026-11-29T00:00:00Z");
        assert_eq!(next("0 0 * * 7"), "2026-11-29T00:00:00Z");
        assert_eq!(next("0 0 * * 1-5"), "2026-11-27T00:00:00Z");
        assert_eq!(next("0 0 * * sat,mon"), "2026-11-28T00:00:00Z");
        assert_eq!(next("0 0 * * */2"), "2026-11-28T00:00:00Z");
        assert!(due("0 5 * * *", "2026-11-20T05:00:00Z", "2026-11-26T04:00:00Z"), "days were missed");
        assert!(!due("0 5 * * *", "2026-11-26T05:00:00Z", "2026-11-26T23:00:00Z"));
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
