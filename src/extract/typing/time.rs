//! Texts that are dates and times.

use super::class::Class;

/// A date, or a date with a time.
pub fn time(text: &[u8]) -> Option<Class> {
    let [century, century_2, year, year_2, b'-', month, month_2, b'-', day, day_2, rest @ ..] = text else {
        return None;
    };
    let year = number(*century, *century_2)? * 100 + number(*year, *year_2)?;
    let (month, day) = (number(*month, *month_2)?, number(*day, *day_2)?);
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    let clock = match rest {
        [] => return Some(Class::Date),
        [b' ' | b'T', clock @ ..] => clock,
        _ => return None,
    };
    let [hour, hour_2, b':', minute, minute_2, rest @ ..] = clock else { return None };
    if number(*hour, *hour_2)? > 23 || number(*minute, *minute_2)? > 59 {
        return None;
    }
    let mut rest = rest;
    let has_seconds = rest.first() == Some(&b':');
    if has_seconds {
        let [_, second, second_2, fraction @ ..] = rest else { return None };
        if number(*second, *second_2)? > 59 {
            return None;
        }
        rest = fraction;
        if let Some((b'.', fraction)) = rest.split_first() {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=6).contains(&digits) {
                return None;
            }
            rest = &fraction[digits..];
        }
    }
    let class = if has_seconds { Class::Instant } else { Class::ShortInstant };
    match rest {
        [] => Some(Class::Timestamp),
        [b'Z'] => Some(class),
        // In the first and the last year an offset could lead to a year that has no such text.
        [b'+' | b'-', offset @ ..] if (2..=9998).contains(&year) && is_offset(offset) => Some(class),
        _ => None,
    }
}

/// `02`, `0200` or `02:00`.
fn is_offset(offset: &[u8]) -> bool {
    let (hour, hour_2, minutes) = match offset {
        [hour, hour_2] => (hour, hour_2, Some(0)),
        [hour, hour_2, minute, minute_2] | [hour, hour_2, b':', minute, minute_2] => {
            (hour, hour_2, number(*minute, *minute_2))
        }
        _ => return false,
    };
    number(*hour, *hour_2).is_some_and(|hours| hours <= 15) && minutes.is_some_and(|minutes| minutes <= 59)
}

/// The number of two digits.
fn number(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
