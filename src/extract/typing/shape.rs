//! What one text looks like.

use serde::{Deserialize, Serialize};

/// The most digits that a `DOUBLE` returns as they were.
const DOUBLE_DIGITS: usize = 15;
/// The most digits of a `DECIMAL`.
pub const DECIMAL_DIGITS: usize = 38;

/// The kinds of texts that decide a column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A whole number that `DOUBLE` holds exactly.
    Integer,
    /// A whole number of more digits, within 64 bits.
    LongInteger,
    /// A whole number beyond 64 bits, with at most 38 digits.
    HugeInteger,
    /// `12.5`: at most 15 digits, no zero at the end.
    Fraction,
    /// `3.0`: a whole number with exactly one zero behind the point.
    PointZero,
    /// `-0.0`
    NegativeZero,
    /// `1.50`: a zero at the end beyond `.0`.
    FixedFraction,
    /// A fraction with 16 or 17 digits that are the shortest for their `DOUBLE`, as programs print it.
    PrintedDouble,
    /// One with 16 or 17 digits that are not the shortest, as other programs print a `DOUBLE` (`%.17g`).
    FullDouble,
    /// Another fraction with 16 to 38 digits.
    LongFraction,
    /// `1e-05`, as programs print a `DOUBLE`.
    Exponent,
    LowerBoolean,
    TitleBoolean,
    UpperBoolean,
    Date,
    Timestamp,
    /// A timestamp with a zone.
    Instant,
    /// The same without seconds.
    ShortInstant,
    Text,
}

impl Class {
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The class of a text that is not empty, with the digits before and after the point of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub class: Class,
    pub whole: u8,
    pub scale: u8,
}

impl Shape {
    pub fn of(text: &str) -> Self {
        let plain = |class| Self { class, whole: 0, scale: 0 };
        match text.as_bytes() {
            [b'0'..=b'9' | b'-', ..] => number(text).or_else(|| time(text.as_bytes()).map(plain)),
            [b't' | b'T' | b'f' | b'F', ..] => boolean(text).map(plain),
            _ => None,
        }
        .unwrap_or(plain(Class::Text))
    }
}

fn boolean(text: &str) -> Option<Class> {
    match text {
        "true" | "false" => Some(Class::LowerBoolean),
        "True" | "False" => Some(Class::TitleBoolean),
        "TRUE" | "FALSE" => Some(Class::UpperBoolean),
        _ => None,
    }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, or what a program prints for a `DOUBLE` with an exponent.
fn number(text: &str) -> Option<Shape> {
    let unsigned = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let whole = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if whole == 0 || (whole > 1 && unsigned[0] == b'0') {
        return None;
    }
    let rest = &unsigned[whole..];
    let scale = match rest.split_first() {
        None => 0,
        Some((b'.', fraction)) => match fraction.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => return None,
            digits => digits,
        },
        Some((b'e' | b'E', _)) => 0,
        Some(_) => return None,
    };
    let exponent = if scale > 0 { &rest[1 + scale..] } else { rest };
    if !exponent.is_empty() {
        return is_printed_double(text, whole, scale, exponent).then_some(Shape {
            class: Class::Exponent,
            whole: 0,
            scale: 0,
        });
    }
    if whole + scale > DECIMAL_DIGITS {
        return None;
    }
    // Only where it can matter: this is asked for each value of a file.
    let digits = match text.len() {
        0..=DOUBLE_DIGITS if !text.starts_with('-') => 1,
        _ => significant(unsigned),
    };
    let class = match (scale, digits) {
        (0, _) if text == "-0" => return None,
        (0, _) if whole <= DOUBLE_DIGITS => Class::Integer,
        (0, _) if text.parse::<i64>().is_ok() => Class::LongInteger,
        (0, _) => Class::HugeInteger,
        (_, 0) if text.starts_with('-') => {
            if scale == 1 {
                Class::NegativeZero
            } else {
                return None;
            }
        }
        (_, 16 | 17) => printed_double(text, unsigned),
        (_, digits) if digits > DOUBLE_DIGITS => Class::LongFraction,
        (1, _) if rest == b".0" => Class::PointZero,
        _ if rest.ends_with(b"0") => Class::FixedFraction,
        _ => Class::Fraction,
    };
    Some(Shape { class, whole: whole as u8, scale: scale as u8 })
}

/// The class of a fraction with 16 or 17 digits.
fn printed_double(text: &str, unsigned: &[u8]) -> Class {
    let Ok(value) = text.parse::<f64>() else { return Class::LongFraction };
    if format!("{value:?}") == text {
        return Class::PrintedDouble;
    }
    let full = format!("{:.16e}", value.abs());
    let digits = full.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit);
    let own = unsigned.iter().filter(|byte| **byte != b'.').skip_while(|byte| **byte == b'0');
    // Zeros at the end are not printed.
    if !text.ends_with('0') && digits.eq(own.copied().chain(std::iter::repeat(b'0')).take(17)) {
        Class::FullDouble
    } else {
        Class::LongFraction
    }
}

/// The digits from the first that is not zero.
fn significant(number: &[u8]) -> usize {
    number.iter().filter(|byte| **byte != b'.').skip_while(|byte| **byte == b'0').count()
}

/// Returns whether DuckDB and Python print the value like this, apart from the case of `e` and zeros and plus sign of the exponent:
/// one digit before the point, a sign or a fraction, and an exponent that the value needs.
fn is_printed_double(text: &str, whole: usize, scale: usize, exponent: &[u8]) -> bool {
    let (sign, digits) = match &exponent[1..] {
        [b'-', digits @ ..] => ("-", digits),
        [b'+', digits @ ..] => ("+", digits),
        digits => ("", digits),
    };
    let has_digits = !digits.is_empty() && digits.len() <= 4 && digits.iter().all(u8::is_ascii_digit);
    if whole != 1 || !has_digits || (sign.is_empty() && scale == 0) {
        return false;
    }
    let Some(value) = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value != 0.0) else { return false };
    // Rust prints the shortest digits that give the value back, as DuckDB and Python do.
    let printed = format!("{value:e}");
    let (Some((mantissa, power)), Some((own, _))) = (printed.split_once('e'), text.split_once(['e', 'E'])) else {
        return false;
    };
    let power: i32 = power.parse().unwrap_or_default();
    let own_power: i32 = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let own_power = if sign == "-" { -own_power } else { own_power };
    mantissa == own && power == own_power && !(-4..16).contains(&power)
}

/// A date, or a date with a time.
fn time(text: &[u8]) -> Option<Class> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (class, texts) in [
            (Class::Integer, &["0", "7", "-12", "123456789012345"][..]),
            (Class::LongInteger, &["1234567890123456", "9223372036854775807", "-9223372036854775808"]),
            (Class::HugeInteger, &["9223372036854775808", "99999999999999999999999999999999999999"]),
            (Class::Fraction, &["0.5", "-12.25", "1234567890123.45", "0.000001"]),
            (Class::PointZero, &["0.0", "3.0", "-12.0", "12345678901234.0"]),
            (Class::NegativeZero, &["-0.0"]),
            (Class::FixedFraction, &["1.50", "850.00", "0.00", "0.10", "12.500"]),
            (Class::PrintedDouble, &["0.30000000000000004", "-200.9557142857143", "1234567890123456.0"]),
            (Class::FullDouble, &["40300.619960000004", "-72.886806000000007", "0.10000000000000001"]),
            (
                Class::LongFraction,
                &["99999999999999.99", "0.12345678901234560", "123456789012345678.0", "0.123456789012345678"],
            ),
            (Class::Exponent, &["1e-05", "1E-5", "-1.5e-07", "1e+20", "1.5e20", "1.7976931348623157e308", "5e-324"]),
            (Class::LowerBoolean, &["true", "false"]),
            (Class::TitleBoolean, &["True", "False"]),
            (Class::UpperBoolean, &["TRUE", "FALSE"]),
            (Class::Date, &["2024-01-31", "2024-02-29", "0001-01-01", "9999-12-31"]),
            (Class::Timestamp, &["2024-01-31 10:00", "2024-01-31T10:00:59", "2024-01-31T10:00:00.123456"]),
            (
                Class::Instant,
                &[
                    "2024-01-31T10:00:00Z",
                    "2024-01-31 10:00:00.5+02",
                    "2024-01-31T10:00:00-0130",
                    "2024-01-31T10:00:00+05:30",
                ],
            ),
            (Class::ShortInstant, &["2021-08-06T13:18Z", "2021-08-06T13:18+02"]),
            (
                Class::Text,
                &[
                    "007",
                    "00",
                    "-0",
                    "+3",
                    "1_000",
                    " 1",
                    "1 ",
                    "1,5",
                    ".5",
                    "1.",
                    "007.5",
                    "12E5",
                    "12E309",
                    "1e5",
                    "1e+05",
                    "1.50e-07",
                    "1e400",
                    "1e-400",
                    "10e-7",
                    "0e-7",
                    "-0.00",
                    "nan",
                    "inf",
                    "1.2.3",
                    "-",
                    "--1",
                    "1-2",
                    "tRUE",
                    "t",
                    "yes",
                    "100000000000000000000000000000000000000",
                    "0.100000000000000000000000000000000000001",
                    "٣",
                    "1\u{a0}",
                    "31.01.2024",
                    "2024-02-30",
                    "2023-02-29",
                    "1900-02-29",
                    "0000-01-01",
                    "2024-13-01",
                    "2024-1-31",
                    "2024-01-31T24:00",
                    "2024-01-31T10:00:60",
                    "2024-01-31T10:00:00.1234567",
                    "2024-01-31T10",
                    "2024-01-31T10:00:00 Z",
                    "2024-07-31 10:00:00+2",
                    "2024-02-30T10:00:00Z",
                    "2024-01-31T10:00:00+16:00",
                    "2024-01-31t10:00:00z",
                    "0001-01-01T00:00:00+02",
                    "2024-01-31 at ten",
                    "2024-01-3é",
                    "12345-01-01",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(Shape::of(text).class, class, "{text}");
            }
        }
    }

    #[test]
    fn digits() {
        assert_eq!(Shape::of("-12.500"), Shape { class: Class::FixedFraction, whole: 2, scale: 3 });
        assert_eq!(Shape::of("850"), Shape { class: Class::Integer, whole: 3, scale: 0 });
    }
}
