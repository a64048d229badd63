//! Texts that are numbers.

use std::str::FromStr;

use super::class::{Class, Shape};

/// The most digits that a `DOUBLE` returns as they were.
const DOUBLE_DIGITS: usize = 15;
/// The most digits of a `DECIMAL`.
pub const DECIMAL_DIGITS: usize = 38;

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, or what a program prints for a `DOUBLE` with an exponent.
pub fn number(text: &[u8]) -> Option<Shape> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let is_negative = unsigned.len() < text.len();
    let whole = digits(unsigned);
    if whole == 0 || (whole > 1 && unsigned[0] == b'0') {
        return None;
    }
    let rest = &unsigned[whole..];
    if rest.is_empty() && whole <= DOUBLE_DIGITS {
        return (text != b"-0").then_some(Shape { class: Class::Integer, whole: whole as u8, scale: 0 });
    }
    let scale = match rest.split_first() {
        None => 0,
        Some((b'.', fraction)) => match digits(fraction) {
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
        0..=DOUBLE_DIGITS if !is_negative => 1,
        _ => significant(unsigned),
    };
    let class = match (scale, digits) {
        (0, _) if parsed::<i64>(text).is_some() => Class::LongInteger,
        (0, _) => Class::HugeInteger,
        (_, 0) if is_negative => {
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

/// The number of digits at the start.
fn digits(text: &[u8]) -> usize {
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

fn parsed<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The class of a fraction with 16 or 17 digits.
fn printed_double(text: &[u8], unsigned: &[u8]) -> Class {
    let Some(value) = parsed::<f64>(text) else { return Class::LongFraction };
    if format!("{value:?}").as_bytes() == text {
        return Class::PrintedDouble;
    }
    let full = format!("{:.16e}", value.abs());
    let digits = full.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit);
    let own = unsigned.iter().filter(|byte| **byte != b'.').skip_while(|byte| **byte == b'0');
    // Zeros at the end are not printed.
    if !text.ends_with(b"0") && digits.eq(own.copied().chain(std::iter::repeat(b'0')).take(17)) {
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
fn is_printed_double(text: &[u8], whole: usize, scale: usize, exponent: &[u8]) -> bool {
    let (sign, digits) = match &exponent[1..] {
        [b'-', digits @ ..] => ("-", digits),
        [b'+', digits @ ..] => ("+", digits),
        digits => ("", digits),
    };
    let has_digits = !digits.is_empty() && digits.len() <= 4 && digits.iter().all(u8::is_ascii_digit);
    // `5E-05` may be a code; a small `e` is what programs print.
    let may_be_code = scale == 0 && (sign.is_empty() || exponent[0] == b'E');
    if whole != 1 || !has_digits || may_be_code {
        return false;
    }
    let Some(value) = parsed::<f64>(text).filter(|value| value.is_finite() && *value != 0.0) else { return false };
    // Rust prints the shortest digits that give the value back, as DuckDB and Python do.
    let printed = format!("{value:e}");
    let Some((mantissa, power)) = printed.split_once('e') else { return false };
    let own = &text[..text.len() - exponent.len()];
    let power: i32 = power.parse().unwrap_or_default();
    let own_power: i32 = parsed(digits).unwrap_or(0);
    let own_power = if sign == "-" { -own_power } else { own_power };
    mantissa.as_bytes() == own && power == own_power && !(-4..16).contains(&power)
}
