//! One value of a result, as text and as JSON.

use data_encoding::BASE64;
use serde_json::{Map, Value as Json};

use crate::engine::{TimeUnit, Value};
use crate::query::{self, ColumnType};

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Bool(bool),
    /// Digits in JSON notation, in full precision.
    Number(String),
    /// NaN or infinite, which JSON has no notation for.
    NotFinite(f64),
    Text(String),
    /// Lists, structs and maps.
    Nested(Json),
    /// The same as JSON text, whose numbers may be of any size.
    NestedText(String),
}

impl Cell {
    pub fn from_json(value: Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => Self::Number(number.to_string()),
            Json::String(text) => Self::Text(text),
            nested => Self::Nested(nested),
        }
    }

    /// A value that the engine has cast with [`query::as_text`].
    pub fn from_text(column: &ColumnType, text: Option<&str>) -> Self {
        let mut json = String::new();
        query::write_json(&mut json, column, text);
        match json.as_bytes().first() {
            Some(b'[' | b'{') => Self::NestedText(json),
            Some(b'-' | b'0'..=b'9') => Self::Number(json),
            _ => serde_json::from_str(&json).map_or(Self::Null, Self::from_json),
        }
    }

    /// `zoned`: whether timestamps carry a time zone; they are shown in UTC.
    pub fn from_engine(value: Value, zoned: bool) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Bool(value),
            Value::TinyInt(number) => Self::Number(number.to_string()),
            Value::SmallInt(number) => Self::Number(number.to_string()),
            Value::Int(number) => Self::Number(number.to_string()),
            Value::BigInt(number) => Self::Number(number.to_string()),
            Value::HugeInt(number) => Self::Number(number.to_string()),
            Value::UTinyInt(number) => Self::Number(number.to_string()),
            Value::USmallInt(number) => Self::Number(number.to_string()),
            Value::UInt(number) => Self::Number(number.to_string()),
            Value::UBigInt(number) => Self::Number(number.to_string()),
            Value::UHugeInt(number) => Self::Number(number.to_string()),
            Value::Float(number) if number.is_finite() => Self::Number(format!("{number:?}")),
            Value::Float(number) => Self::NotFinite(number.into()),
            Value::Double(number) if number.is_finite() => Self::Number(format!("{number:?}")),
            Value::Double(number) => Self::NotFinite(number),
            Value::Decimal(number) => Self::Text(number.to_string()),
            Value::Text(text) | Value::Enum(text) => Self::Text(text),
            Value::Blob(bytes) | Value::Geometry(bytes) => Self::Text(BASE64.encode(&bytes)),
            Value::Date32(days) => Self::Text(date(days.into())),
            Value::Time64(unit, ticks) => Self::Text(clock(unit.to_micros(ticks))),
            Value::Timestamp(unit, ticks) => Self::Text(timestamp(unit, ticks, zoned)),
            Value::Interval { months, days, nanos } => Self::Text(interval(months, days, nanos)),
            Value::List(items) | Value::Array(items) => Self::Nested(items.into_iter().map(nested).collect()),
            Value::Struct(fields) => Self::Nested(Json::Object(
                fields.iter().map(|(name, item)| (name.clone(), nested(item.clone()))).collect(),
            )),
            Value::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, item)| (Self::from_engine(key.clone(), false).text(), nested(item.clone())));
                Self::Nested(Json::Object(entries.collect::<Map<_, _>>()))
            }
            Value::Union(member) => Self::from_engine(*member, zoned),
            other => Self::Text(format!("{other:?}")),
        }
    }

    /// The text in CSV and tables; empty for NULL.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) | Self::Text(text) | Self::NestedText(text) => text.clone(),
            Self::NotFinite(number) if number.is_nan() => "nan".into(),
            Self::NotFinite(number) => if *number > 0.0 { "inf" } else { "-inf" }.into(),
            Self::Nested(value) => value.to_string(),
        }
    }

    /// The value as JSON text.
    pub fn json(&self) -> String {
        match self {
            Self::Null | Self::NotFinite(_) => "null".into(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) | Self::NestedText(text) => text.clone(),
            Self::Text(text) => Json::String(text.clone()).to_string(),
            Self::Nested(value) => value.to_string(),
        }
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::NotFinite(_))
    }
}

fn nested(value: Value) -> Json {
    match Cell::from_engine(value, false) {
        Cell::Null | Cell::NotFinite(_) => Json::Null,
        Cell::Bool(value) => value.into(),
        // Numbers that do not fit (HUGEINT) stay exact, as text.
        Cell::Number(text) => match serde_json::from_str::<Json>(&text) {
            Ok(number) if text.contains(['.', 'e']) || !number.is_f64() => number,
            _ => text.into(),
        },
        Cell::Text(text) | Cell::NestedText(text) => text.into(),
        Cell::Nested(value) => value,
    }
}

/// `2025-01-01`; years may have more than four digits.
fn date(days: i64) -> String {
    match days {
        // DuckDB's infinity.
        2_147_483_647 => return "9999-12-31".into(),
        -2_147_483_647 => return "0001-01-01".into(),
        _ => {}
    }
    // Days to a civil date in the Gregorian calendar: http://howardhinnant.github.io/date_algorithms.html#civil_from_days
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `HH:MM:SS[.ffffff]`
fn clock(micros: i64) -> String {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 { text } else { format!("{text}.{fraction:06}") }
}

/// `2025-01-01 10:00:00`, with `+00:00` where there is a zone.
fn timestamp(unit: TimeUnit, ticks: i64, zoned: bool) -> String {
    let zone = if zoned { "+00:00" } else { "" };
    match ticks {
        i64::MAX => return format!("9999-12-31 23:59:59.999999{zone}"),
        ticks if ticks == -i64::MAX => return format!("0001-01-01 00:00:00{zone}"),
        _ => {}
    }
    let micros = match unit {
        TimeUnit::Second => i128::from(ticks) * 1_000_000,
        TimeUnit::Millisecond => i128::from(ticks) * 1_000,
        TimeUnit::Microsecond => i128::from(ticks),
        TimeUnit::Nanosecond => i128::from(ticks).div_euclid(1_000),
    };
    let day = 86_400_000_000_i128;
    let days = i64::try_from(micros.div_euclid(day)).unwrap_or_default();
    let time = i64::try_from(micros.rem_euclid(day)).unwrap_or_default();
    format!("{} {}{zone}", date(days), clock(time))
}

/// `32 days, 3:04:05`; a month counts as 30 days.
fn interval(months: i32, days: i32, nanos: i64) -> String {
    let day = 86_400_000_000_i64;
    let micros = nanos / 1000;
    let days = i64::from(months) * 30 + i64::from(days) + micros.div_euclid(day);
    let rest = micros.rem_euclid(day);
    let time = clock(rest);
    let time = time.strip_prefix('0').unwrap_or(&time);
    match days {
        0 => time.to_owned(),
        1 | -1 => format!("{days} day, {time}"),
        _ => format!("{days} days, {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(19_782), "2024-02-29");
        assert_eq!(date(-719_162), "0001-01-01");
        assert_eq!(timestamp(TimeUnit::Millisecond, -1, false), "1969-12-31 23:59:59.999000");
        assert_eq!(timestamp(TimeUnit::Second, 1_735_725_600, true), "2025-01-01 10:00:00+00:00");
        assert_eq!(interval(1, 2, 11_045_000_000_000), "32 days, 3:04:05");
        assert_eq!(interval(0, -1, 0), "-1 day, 0:00:00");
        assert_eq!(interval(0, 0, 500_000_000), "0:00:00.500000");
    }

    #[test]
    fn numbers_stay_exact() {
        let huge = Cell::from_engine(Value::HugeInt(i128::MAX), false);
        assert_eq!(huge.json(), i128::MAX.to_string());
        assert_eq!(Cell::from_engine(Value::Double(3.0), false).json(), "3.0");
        assert_eq!(Cell::from_engine(Value::Double(f64::NAN), false).json(), "null");
        assert_eq!(Cell::from_engine(Value::List(vec![Value::Null, Value::Int(1)]), false).text(), "[null,1]");
    }
}
