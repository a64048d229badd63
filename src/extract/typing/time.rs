//! Texts that are dates and times.

use super::class::Class;

/// A date, or a date with a time.
pub fn time(text: &[u8]) -> Option<Class> {
    let (year, month, day) = (number_at(text, 0, 4)?, number_at(text, 5, 2)?, number_at(text, 8, 2)?);
    if text[4] != b'-'
        || text[7] != b'-'
        || year == 0
        || !(1..=12).contains(&month)
        || day == 0
        || day > days_in(year, month)
    {
        return None;
    }
    let Some((b' ' | b'T', clock)) = text[10..].split_first() else {
        return (text.len() == 10).then_some(Class::Date);
    };
    if number_at(clock, 0, 2)? > 23 || clock.get(2) != Some(&b':') || number_at(clock, 3, 2)? > 59 {
        return None;
    }
    let mut rest = &clock[5..];
    let has_seconds = rest.first() == Some(&b':');
    if has_seconds {
        if number_at(rest, 1, 2)? > 59 {
            return None;
        }
        rest = &rest[3..];
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
    let minutes = match offset.len() {
        2 => Some(0),
        4 => number_at(offset, 2, 2),
        5 if offset[2] == b':' => number_at(offset, 3, 2),
        _ => None,
    };
    number_at(offset, 0, 2).is_some_and(|hours| hours <= 15) && minutes.is_some_and(|minutes| minutes <= 59)
}

fn number_at(text: &[u8], start: usize, length: usize) -> Option<u32> {
    let digits = text.get(start..start + length)?;
    digits.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
