//! Dates and times of the engine, as text. Its years go beyond those of the usual crates.

use super::scalar::integer;

/// Days since 1970-01-01.
pub fn date(out: &mut String, days: i32) {
    match days {
        i32::MAX => out.push_str("infinity"),
        days if days == -i32::MAX => out.push_str("-infinity"),
        days => day(out, days.into()),
    }
}

/// Microseconds since midnight.
pub fn time(out: &mut String, micros: i64) {
    clock(out, micros / 1_000_000, micros % 1_000_000 * 1_000);
}

/// Units since 1970-01-01 00:00:00, of which a second has `per_second`; `zone` is added.
pub fn timestamp(out: &mut String, units: i64, per_second: i64, zone: &str) {
    match units {
        i64::MAX => out.push_str("infinity"),
        units if units == -i64::MAX => out.push_str("-infinity"),
        units => {
            let seconds = units.div_euclid(per_second);
            day(out, seconds.div_euclid(86_400));
            out.push(' ');
            clock(out, seconds.rem_euclid(86_400), units.rem_euclid(per_second) * (1_000_000_000 / per_second));
            out.push_str(zone);
        }
    }
}

/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
fn day(out: &mut String, days: i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Years begin in March here.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    // Before the year 1 is the year 1 BC.
    padded(out, if year > 0 { year } else { 1 - year }, 4);
    out.push('-');
    padded(out, month, 2);
    out.push('-');
    padded(out, day, 2);
    if year <= 0 {
        out.push_str(" (BC)");
    }
}

/// With six digits of a fraction, or nine if there are nanoseconds.
fn clock(out: &mut String, seconds: i64, nanos: i64) {
    padded(out, seconds / 3_600, 2);
    out.push(':');
    padded(out, seconds / 60 % 60, 2);
    out.push(':');
    padded(out, seconds % 60, 2);
    if nanos % 1_000 != 0 {
        out.push('.');
        padded(out, nanos, 9);
    } else if nanos != 0 {
        out.push('.');
        padded(out, nanos / 1_000, 6);
    }
}

fn padded(out: &mut String, number: i64, width: usize) {
    let start = out.len();
    integer(out, number);
    let digits = out.len() - start;
    for _ in digits..width {
        out.insert(start, '0');
    }
}
