//! The form in which a value counts, when the type of its column is decided.

use std::borrow::Cow;

use super::types::Kind;
use crate::extract::typing::{ColumnType, Facts};

/// A form of the value that has the class of the column's type if that type returns the value. [`Facts`] knows no times of day and
/// no bytes: those count as `true`, and a double as `1e-05`, however it is written.
pub fn form(kind: Kind, text: &str) -> Cow<'_, str> {
    let fits_as = |fits: bool, form: &'static str| Cow::Borrowed(if fits { form } else { "?" });
    match kind {
        Kind::Varchar | Kind::Number | Kind::TextFloat => text.into(),
        Kind::BigInt => whole(text).into(),
        Kind::Decimal { scale, .. } => decimal(text, usize::from(scale)),
        Kind::Double if returns_as_double(text) => "1e-05".into(),
        Kind::Double => text.into(),
        Kind::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => "true".into(),
            "false" | "f" | "0" => "false".into(),
            _ => "?".into(),
        },
        Kind::Date => {
            let midnight = text.split_at_checked(10).and_then(|(day, clock)| {
                let fraction = clock.strip_prefix(" 00:00:00").or_else(|| clock.strip_prefix("T00:00:00"))?;
                is_zeros(fraction).then_some(day)
            });
            midnight.unwrap_or(text).into()
        }
        Kind::Timestamp | Kind::TimestampLocal | Kind::TimestampTz => time(text),
        Kind::Time => {
            let padded = format!("2000-01-01 {}{text}", if text.find(':') == Some(1) { "0" } else { "" });
            let mut facts = Facts::default();
            facts.observe(time(&padded).as_bytes(), 0);
            fits_as(facts.verdict() == Some(ColumnType::Timestamp), "true")
        }
        Kind::Blob => {
            fits_as(text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()), "true")
        }
    }
}

/// The form of a value whose text has to come back, too: a time is so only as DuckDB prints it.
pub fn exact_form(kind: Kind, text: &str) -> &str {
    let is_printed = match text.as_bytes() {
        [_, _, _, _, _, _, _, _, _, _, b' ', rest @ ..] => {
            rest.len() == 8 || (rest.len() > 9 && rest[8] == b'.' && !text.ends_with('0'))
        }
        _ => false,
    };
    match kind {
        Kind::Timestamp | Kind::TimestampLocal | Kind::TimestampTz if !is_printed => "?",
        _ => text,
    }
}

/// Nothing, or a point with zeros only.
fn is_zeros(fraction: &str) -> bool {
    fraction.is_empty()
        || fraction.strip_prefix('.').is_some_and(|zeros| zeros.bytes().all(|byte| byte == b'0') && !zeros.is_empty())
}

/// `10.0` as `10`.
fn whole(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros)) if !whole.is_empty() && zeros.bytes().all(|byte| byte == b'0') && !zeros.is_empty() => {
            whole
        }
        _ => text,
    }
}

/// `1.5` as `1.50`, and `1.500`, too.
fn decimal(text: &str, scale: usize) -> Cow<'_, str> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number =
        whole.strip_prefix('-').unwrap_or(whole).bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    let has_digits = text.bytes().any(|byte| byte.is_ascii_digit()) && fraction.is_empty() != text.contains('.');
    if !is_number || !has_digits || scale == 0 {
        return text.into();
    }
    let needed = fraction.trim_end_matches('0');
    let whole = match whole {
        "" => "0",
        "-" => "-0",
        whole => whole,
    };
    format!("{whole}.{needed:0<scale$}").into()
}

/// With one space less, no zone in words, and no zeros beyond microseconds.
fn time(text: &str) -> Cow<'_, str> {
    if text.len() == 10 {
        return format!("{text} 00:00:00").into();
    }
    let (clock, zone) = match text.get(11..).and_then(|clock| clock.find(['+', '-', 'Z', 'U', ' '])) {
        Some(at) => text.split_at(11 + at),
        None => (text, ""),
    };
    let clock = match clock.split_once('.') {
        Some((seconds, fraction)) if fraction.len() > 6 && fraction.bytes().skip(6).all(|byte| byte == b'0') => {
            Cow::from(format!("{seconds}.{}", fraction.get(..6).unwrap_or(fraction)))
        }
        _ => clock.into(),
    };
    match zone.trim_start() {
        "UTC" => format!("{clock}Z"),
        zone => format!("{clock}{zone}"),
    }
    .into()
}

/// Returns whether the shortest digits that give the double back are those of the text.
fn returns_as_double(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let Some(value) = text.parse::<f64>().ok().filter(|value| is_number && value.is_finite()) else { return false };
    digits(text) == digits(&format!("{value:e}"))
}

/// Sign, significant digits and the power of ten of the first of them.
fn digits(number: &str) -> Option<(bool, String, i64)> {
    let (mantissa, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let unsigned = mantissa.trim_start_matches(['+', '-']);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = format!("{whole}{fraction}");
    let zeros = all.bytes().take_while(|byte| *byte == b'0').count();
    let significant = all.trim_start_matches('0').trim_end_matches('0').to_owned();
    if significant.is_empty() {
        return Some((mantissa.starts_with('-'), significant, 0));
    }
    let power = power.parse::<i64>().ok()?.checked_add(whole.len() as i64 - zeros as i64)?;
    Some((mantissa.starts_with('-'), significant, power))
}
