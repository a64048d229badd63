//! Values that the engine has cast to text.

use std::borrow::Cow;

use data_encoding::BASE64;
use serde_json::Deserializer;

use super::scalar::{self, string};
use crate::query::types::ColumnType;

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

/// Writes one value. `text` is the result of [`ColumnType::as_text`].
pub fn write(out: &mut String, column: &ColumnType, text: &str) {
    let start = out.len();
    match column {
        ColumnType::Scalar(name) => scalar(out, name, text),
        nested => {
            if tree(out, nested, &mut &*text).is_none() {
                out.truncate(start);
                string(out, text);
            }
        }
    }
}

/// Takes a value from the engine's JSON, in which every scalar is a text; `None` if there is something else. Not parsed
/// into a tree, which would drop repeated keys.
fn tree(out: &mut String, column: &ColumnType, json: &mut &str) -> Option<()> {
    if take(json, "null").is_some() {
        out.push_str("null");
        return Some(());
    }
    match column {
        ColumnType::Scalar(name) => scalar(out, name, &text(json)?),
        ColumnType::List(item) | ColumnType::Array(item, _) => {
            sequence(out, json, ["[", "]"], |out, json| tree(out, item, json))?;
        }
        ColumnType::Struct(fields) => {
            let mut fields = fields.iter();
            sequence(out, json, ["{", "}"], |out, json| {
                let (name, field) = fields.next()?;
                text(json)?;
                member(out, name, field, json)
            })?;
        }
        ColumnType::Map(key, value) => sequence(out, json, ["{", "}"], |out, json| {
            let name = text(json)?;
            match &**key {
                ColumnType::Scalar(key) => member(out, &form(key, &name), value, json),
                _ => member(out, &name, value, json),
            }
        })?,
        // The engine shows a union as an object of its active member.
        ColumnType::Union(members) => {
            take(json, "{")?;
            let tag = text(json)?;
            take(json, ":")?;
            tree(out, &members.iter().find(|(name, _)| *name == tag)?.1, json)?;
            take(json, "}")?;
        }
    }
    Some(())
}

fn member(out: &mut String, name: &str, value: &ColumnType, json: &mut &str) -> Option<()> {
    take(json, ":")?;
    string(out, name);
    out.push(':');
    tree(out, value, json)
}

fn sequence(
    out: &mut String,
    json: &mut &str,
    [open, close]: [&str; 2],
    mut item: impl FnMut(&mut String, &mut &str) -> Option<()>,
) -> Option<()> {
    take(json, open)?;
    out.push_str(open);
    let mut comma = "";
    while take(json, close).is_none() {
        take(json, comma)?;
        out.push_str(comma);
        item(out, json)?;
        comma = ",";
    }
    out.push_str(close);
    Some(())
}

fn take(json: &mut &str, token: &str) -> Option<()> {
    *json = json.strip_prefix(token)?;
    Some(())
}

fn text(json: &mut &str) -> Option<String> {
    let mut texts = Deserializer::from_str(json).into_iter();
    let text = texts.next()?.ok()?;
    *json = &json[texts.byte_offset()..];
    Some(text)
}

fn scalar(out: &mut String, name: &str, text: &str) {
    let text = form(name, text);
    match name {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "HUGEINT" | "UTINYINT" | "USMALLINT"
        | "UINTEGER" | "UBIGINT" | "UHUGEINT" | "BIGNUM" => out.push_str(&text),
        "FLOAT" | "DOUBLE" if text.ends_with(|last: char| last.is_ascii_digit()) => out.push_str(&text),
        _ => string(out, &text),
    }
}

/// The documented form of a scalar.
fn form<'a>(name: &str, text: &'a str) -> Cow<'a, str> {
    match name {
        // The engine's own digits, which no `f64` has.
        // The engine's own digits, which no `f64` has.
        "FLOAT" if text.ends_with(|last: char| last.is_ascii_digit()) => text.into(),
        "FLOAT" | "DOUBLE" => text.parse().map_or(text.into(), |number| double(number).into()),
        // Without a digit before the point if none has room there.
        "DECIMAL" => match text.strip_prefix('-').unwrap_or(text).strip_prefix('.') {
            Some(fraction) => format!("{}0.{fraction}", if text.starts_with('-') { "-" } else { "" }).into(),
            None => text.into(),
        },
        "BLOB" => BASE64.encode(&blob(text)).into(),
        "INTERVAL" => interval(text).map_or(text.into(), Cow::from),
        _ if name.starts_with("TIME") => time(text).into(),
        _ => text.into(),
    }
}

fn double(number: f64) -> String {
    let mut shown = String::new();
    match scalar::special(number) {
        Some(name) => shown.push_str(name),
        None => scalar::digits(&mut shown, number),
    }
    shown
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

/// Times and timestamps: six digits of a fraction, nine if there are nanoseconds, and offsets with minutes.
fn time(text: &str) -> String {
    // `infinity` has no clock.
    let Some(clock) = text.find(':') else { return text.to_owned() };
    let zone = text[clock..].find(['+', '-']).map_or(text.len(), |at| clock + at);
    let (local, zone) = text.split_at(zone);
    let mut shown = match local.split_once('.') {
        Some((whole, fraction)) if fraction.len() > 6 => format!("{whole}.{fraction:0<9}"),
        Some((whole, fraction)) => format!("{whole}.{fraction:0<6}"),
        None => local.to_owned(),
    };
    shown.push_str(zone);
    if zone.len() == 3 {
        shown.push_str(":00");
    }
    shown
}

/// `3 days -04:05:06.5` as `[N day[s], ]H:MM:SS[.ffffff]`. With months or years, which are no number of days, `None`.
fn interval(text: &str) -> Option<String> {
    let (days, clock) = match text.split_once(" day") {
        Some((days, clock)) => (days.parse().ok()?, clock.trim_start_matches('s').trim_start()),
        None => (0, text),
    };
    let micros = days * DAY + if clock.is_empty() { 0 } else { micros(clock)? };
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

/// `-04:05:06.5`
fn micros(clock: &str) -> Option<i128> {
    let (sign, clock) = clock.strip_prefix('-').map_or((1, clock), |clock| (-1, clock));
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut seconds = 0_i128;
    for part in whole.split(':') {
        seconds = seconds * 60 + part.parse::<i128>().ok()?;
    }
    Some(sign * (seconds * SECOND + format!("{fraction:0<6}").parse::<i128>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_documented_forms() {
        for (column, text, json) in [
            ("BIGINT", "1", "1"),
            ("UHUGEINT", "340282366920938463463374607431768211455", "340282366920938463463374607431768211455"),
            ("FLOAT", "0.1", "0.1"),
            ("FLOAT", "1e-05", "1e-05"),
            ("DOUBLE", "3.0", "3.0"),
            ("DOUBLE", "-nan", "\"NaN\""),
            ("DOUBLE", "-inf", "\"-Infinity\""),
            ("FLOAT", "-1.5259022e-05", "-1.5259022e-05"),
            ("FLOAT", "9.000015", "9.000015"),
            ("FLOAT", "16777216.0", "16777216.0"),
            ("FLOAT", "3.4028235e+38", "3.4028235e+38"),
            ("FLOAT", "-nan", "\"NaN\""),
            ("DOUBLE", "0.00001", "1e-05"),
            ("DOUBLE", "0.0001", "0.0001"),
            ("DOUBLE", "1000000000000000", "1000000000000000.0"),
            ("DOUBLE", "-0.0", "-0.0"),
            ("DECIMAL(2,2)", ".50", "\"0.50\""),
            ("DECIMAL(2,2)", "-.50", "\"-0.50\""),
            ("BLOB", r"\xDE\xADa", "\"3q1h\""),
            ("DATE", "0044-03-15 (BC)", "\"0044-03-15 (BC)\""),
            ("TIME", "10:11:12.5", "\"10:11:12.500000\""),
            ("TIME WITH TIME ZONE", "10:11:12+02", "\"10:11:12+02:00\""),
            ("TIME WITH TIME ZONE", "10:11:12.5-02:30", "\"10:11:12.500000-02:30\""),
            ("TIMESTAMP_NS", "2026-01-02 03:04:05.12345678", "\"2026-01-02 03:04:05.123456780\""),
            ("TIMESTAMP WITH TIME ZONE", "0044-03-15 (BC) 10:00:00.5+00", "\"0044-03-15 (BC) 10:00:00.500000+00:00\""),
            ("TIMESTAMP WITH TIME ZONE", "-infinity", "\"-infinity\""),
            ("INTERVAL", "3 days 04:05:06", "\"3 days, 4:05:06\""),
            ("INTERVAL", "-1 days", "\"-1 day, 0:00:00\""),
            ("INTERVAL", "00:00:00.5", "\"0:00:00.500000\""),
            ("INTERVAL", "-01:00:00", "\"-1 day, 23:00:00\""),
            ("INTERVAL", "1 month 2 days 03:04:05", "\"1 month 2 days 03:04:05\""),
            ("INTERVAL", "-1 years", "\"-1 years\""),
            ("JSON", "{\"k\":1}", "\"{\\\"k\\\":1}\""),
            ("INTEGER[][]", r#"[["1",null],[],null]"#, "[[1,null],[],null]"),
            (
                "STRUCT(a DOUBLE, b MAP(TIME, BIGINT))",
                r#"{"a":"nan","b":{"1:00:00.5":"1"}}"#,
                r#"{"a":"NaN","b":{"1:00:00.500000":1}}"#,
            ),
            ("MAP(UNION(a INTEGER, b VARCHAR), INTEGER)", r#"{"1":"1","1":"2"}"#, r#"{"1":1,"1":2}"#),
            ("UNION(a INTEGER, b VARCHAR)", r#"{"b":"x"}"#, "\"x\""),
        ] {
            let mut out = String::new();
            write(&mut out, &ColumnType::parse(column), text);
            assert_eq!(out, json, "{column} {text}");
        }
    }
}
