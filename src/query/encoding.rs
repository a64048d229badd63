//! Values as the engine casts them to text, written as JSON in the documented form.

use data_encoding::BASE64;
use serde_json::Value;

use super::types::ColumnType;

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

/// Writes one value. `text` is the engine's cast to text; for nested values, JSON of their shape with scalars as text.
pub fn write(out: &mut String, column: &ColumnType, text: Option<&str>) {
    match (column, text) {
        (_, None) => out.push_str("null"),
        (ColumnType::Scalar(name), Some(text)) => scalar(out, name, text),
        (nested, Some(text)) => match serde_json::from_str(text) {
            Ok(value) => tree(out, nested, &value),
            Err(_) => string(out, text),
        },
    }
}

fn tree(out: &mut String, column: &ColumnType, value: &Value) {
    match (column, value) {
        (ColumnType::List(item) | ColumnType::Array(item, _), Value::Array(items)) => {
            sequence(out, ['[', ']'], items, |out, value| tree(out, item, value));
        }
        (ColumnType::Struct(fields), Value::Object(object)) => {
            sequence(out, ['{', '}'], fields.iter().zip(object.values()), |out, ((name, field), value)| {
                string(out, name);
                out.push(':');
                tree(out, field, value);
            });
        }
        (ColumnType::Map(item), Value::Object(object)) => {
            sequence(out, ['{', '}'], object, |out, (key, value)| {
                string(out, key);
                out.push(':');
                tree(out, item, value);
            });
        }
        // The engine shows a union as an object of its active member.
        (ColumnType::Union(members), Value::Object(object)) => {
            match object.iter().next().and_then(|(tag, value)| Some((member(members, tag)?, value))) {
                Some((member, value)) => tree(out, member, value),
                None => out.push_str("null"),
            }
        }
        (ColumnType::Scalar(name), Value::String(text)) => scalar(out, name, text),
        (_, Value::Null) => out.push_str("null"),
        (_, other) => out.push_str(&other.to_string()),
    }
}

fn member<'a>(members: &'a [(String, ColumnType)], tag: &str) -> Option<&'a ColumnType> {
    members.iter().find(|(name, _)| name == tag).map(|(_, member)| member)
}

fn sequence<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(close);
}

fn scalar(out: &mut String, name: &str, text: &str) {
    match name {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "HUGEINT" | "UTINYINT" | "USMALLINT"
        | "UINTEGER" | "UBIGINT" | "UHUGEINT" | "BIGNUM" => out.push_str(text),
        "FLOAT" => float(out, text.parse::<f32>().map_or(f64::NAN, f64::from)),
        "DOUBLE" => float(out, text.parse().unwrap_or(f64::NAN)),
        "BLOB" => string(out, &BASE64.encode(&blob(text))),
        "INTERVAL" => string(out, &interval(text).unwrap_or_else(|| text.to_owned())),
        "DATE" => string(out, infinite(text).unwrap_or(text)),
        _ if name.starts_with("TIME") => string(out, &time(text)),
        _ => string(out, text),
    }
}

/// A JSON string; writing text into a `String` cannot fail.
fn string(out: &mut String, text: &str) {
    out.push_str(&Value::from(text).to_string());
}

/// JSON has neither NaN nor infinity.
fn float(out: &mut String, number: f64) {
    match serde_json::Number::from_f64(number) {
        Some(number) => out.push_str(&number.to_string()),
        None => out.push_str("null"),
    }
}

fn infinite(text: &str) -> Option<&'static str> {
    match text {
        "infinity" => Some("9999-12-31"),
        "-infinity" => Some("0001-01-01"),
        _ => None,
    }
}

/// `\xDE` stands for a byte; everything else is ASCII as it is.
fn blob(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = tail.strip_prefix(b"x").and_then(|hex| hex.get(..2)).filter(|_| first == b'\\');
        match escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    bytes
}

/// Times and timestamps: six digits of a fraction that is not zero, offsets with minutes.
fn time(text: &str) -> String {
    if let Some(date) = infinite(text) {
        return format!("{date} 00:00:00");
    }
    let clock = text.find(':').unwrap_or(0);
    let zone = text[clock..].find(['+', '-', ' ']).map_or(text.len(), |at| clock + at);
    let (local, zone) = text.split_at(zone);
    let mut shown = match local.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = format!("{fraction:0<6.6}");
            if fraction == "000000" { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => local.to_owned(),
    };
    shown.push_str(zone);
    if zone.len() == 3 && zone.starts_with(['+', '-']) {
        shown.push_str(":00");
    }
    shown
}

/// `1 year 2 months 3 days -04:05:06.5` as `[N day[s], ]H:MM:SS[.ffffff]`; a month has 30 days, a year 12 months.
fn interval(text: &str) -> Option<String> {
    let (mut micros, mut words) = (0, text.split(' '));
    while let Some(word) = words.next() {
        micros += if word.contains(':') {
            clock(word)?
        } else {
            let days = match words.next()?.trim_end_matches('s') {
                "year" => 360,
                "month" => 30,
                "day" => 1,
                _ => return None,
            };
            word.parse::<i128>().ok()? * days * DAY
        };
    }
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (seconds, fraction) = (rest / SECOND, rest % SECOND);
    let mut shown = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    shown += &format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction != 0 {
        shown += &format!(".{fraction:06}");
    }
    Some(shown)
}

fn clock(word: &str) -> Option<i128> {
    let (sign, word) = word.strip_prefix('-').map_or((1, word), |word| (-1, word));
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let mut seconds = 0_i128;
    for part in whole.split(':') {
        seconds = seconds * 60 + part.parse::<i128>().ok()?;
    }
    Some(sign * (seconds * SECOND + format!("{fraction:0<6.6}").parse::<i128>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_documented_forms() {
        for (name, text, json) in [
            ("BIGINT", "1", "1"),
            ("UHUGEINT", "340282366920938463463374607431768211455", "340282366920938463463374607431768211455"),
            ("FLOAT", "0.1", "0.10000000149011612"),
            ("DOUBLE", "3.0", "3.0"),
            ("DOUBLE", "nan", "null"),
            ("DOUBLE", "-inf", "null"),
            ("BLOB", r"\xDE\xADa", "\"3q1h\""),
            ("DATE", "infinity", "\"9999-12-31\""),
            ("TIME", "10:11:12.5", "\"10:11:12.500000\""),
            ("TIME WITH TIME ZONE", "10:11:12+02", "\"10:11:12+02:00\""),
            ("TIME WITH TIME ZONE", "10:11:12.5-02:30", "\"10:11:12.500000-02:30\""),
            ("TIMESTAMP_NS", "2026-01-02 03:04:05.123456789", "\"2026-01-02 03:04:05.123456\""),
            ("TIMESTAMP WITH TIME ZONE", "2026-01-01 22:04:05+00", "\"2026-01-01 22:04:05+00:00\""),
            ("INTERVAL", "1 month 2 days 03:04:05", "\"32 days, 3:04:05\""),
            ("INTERVAL", "-1 days", "\"-1 day, 0:00:00\""),
            ("INTERVAL", "00:00:00.5", "\"0:00:00.500000\""),
            ("INTERVAL", "-01:00:00", "\"-1 day, 23:00:00\""),
            ("JSON", "{\"k\":1}", "\"{\\\"k\\\":1}\""),
        ] {
            let mut out = String::new();
            write(&mut out, &ColumnType::Scalar(name.into()), Some(text));
            assert_eq!(out, json, "{name} {text}");
        }
    }
}
