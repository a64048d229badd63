//! Types that the owner of a table has declared.

use std::fmt;
use std::str::FromStr;

use super::ColumnType;
use crate::base::ident::quote_literal;

/// The type of a column, and how its texts are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    pub kind: ColumnType,
    /// Of a date or time, in the syntax of `strptime`.
    format: Option<String>,
}

/// The characters in the numbers of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separators {
    pub decimal: char,
    pub thousands: Option<char>,
}

impl Default for Separators {
    fn default() -> Self {
        Self { decimal: '.', thousands: None }
    }
}

impl FromStr for Declared {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "'{text}' is not a column type; use text, integer, decimal(18,2), double, boolean, date, timestamp or \
                 timestamptz, the last three also with a format such as timestamp('%d.%m.%Y %H:%M')"
            )
        };
        let (name, arguments) = match text.trim().split_once('(') {
            Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')').ok_or_else(refuse)?.trim())),
            None => (text.trim(), None),
        };
        let kind = match name.to_ascii_lowercase().as_str() {
            "text" | "string" | "varchar" => ColumnType::Text,
            "integer" | "int" | "bigint" => ColumnType::Integer,
            "double" | "float" => ColumnType::Double,
            "boolean" | "bool" => ColumnType::Boolean,
            "date" => ColumnType::Date,
            "timestamp" => ColumnType::Timestamp,
            "timestamptz" => ColumnType::Instant,
            "decimal" | "numeric" => {
                let (precision, scale) = arguments.and_then(|text| text.split_once(',')).ok_or_else(refuse)?;
                let digits = |text: &str| text.trim().parse::<u8>().ok();
                match (digits(precision), digits(scale)) {
                    (Some(precision @ 1..=38), Some(scale)) if scale <= precision => {
                        return Ok(Self { kind: ColumnType::Decimal { precision, scale }, format: None });
                    }
                    _ => return Err(refuse()),
                }
            }
            _ => return Err(refuse()),
        };
        let format = match (kind, arguments) {
            (_, None) => None,
            (ColumnType::Date | ColumnType::Timestamp | ColumnType::Instant, Some(quoted)) => {
                let inner = quoted.strip_prefix(['\'', '"']).and_then(|rest| rest.strip_suffix(['\'', '"']));
                let format = inner.filter(|format| format.contains('%') && !format.contains('\''));
                Some(format.ok_or_else(refuse)?.to_owned())
            }
            _ => return Err(refuse()),
        };
        if kind == ColumnType::Instant && format.as_ref().is_some_and(|format| !format.contains("%z")) {
            return Err(format!(
                "'{text}': the format of a timestamptz needs %z, the offset; without one it is a timestamp"
            ));
        }
        Ok(Self { kind, format })
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            ColumnType::Text => "text",
            ColumnType::Integer => "integer",
            ColumnType::Double => "double",
            ColumnType::Boolean => "boolean",
            ColumnType::Date => "date",
            ColumnType::Timestamp => "timestamp",
            ColumnType::Instant => "timestamptz",
            ColumnType::Decimal { precision, scale } => return write!(out, "decimal({precision},{scale})"),
        };
        match &self.format {
            Some(format) => write!(out, "{name}('{format}')"),
            None => out.write_str(name),
        }
    }
}

impl Declared {
    /// Returns whether the texts are written in another way than those of types that are found.
    pub fn is_formatted(&self, separators: Separators) -> bool {
        let is_number = matches!(self.kind, ColumnType::Integer | ColumnType::Decimal { .. } | ColumnType::Double);
        self.format.is_some() || (is_number && separators != Separators::default())
    }

    /// SQL for the value of the text `text` (a column, not empty); NULL if the text does not fit the type.
    pub fn parse(&self, text: &str, separators: Separators) -> String {
        let matching = |pattern: &str, value: &str| {
            format!("CASE WHEN regexp_full_match({value}, '{pattern}') THEN {} END", self.try_cast(value))
        };
        match (self.kind, &self.format) {
            (ColumnType::Text, _) => text.into(),
            (ColumnType::Boolean, _) => format!(
                "CASE WHEN lower({text}) IN ('true', 't', 'yes', 'y', '1') THEN true \
                 WHEN lower({text}) IN ('false', 'f', 'no', 'n', '0') THEN false END"
            ),
            (ColumnType::Date, Some(format)) => {
                let time = format!("try_strptime({text}, {})", quote_literal(format));
                format!("CASE WHEN {time} = {time}::DATE THEN {time}::DATE END")
            }
            (ColumnType::Timestamp, Some(format)) => {
                format!("try_strptime({text}, {})::TIMESTAMP", quote_literal(format))
            }
            (ColumnType::Instant, Some(format)) => {
                format!("try_strptime({text}, {})::TIMESTAMPTZ", quote_literal(format))
            }
            (ColumnType::Date, None) => matching("[0-9]{4}-[0-9]{2}-[0-9]{2}", text),
            (ColumnType::Timestamp, None) => {
                matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?", text)
            }
            (ColumnType::Instant, None) => matching(
                r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)",
                text,
            ),
            (ColumnType::Integer | ColumnType::Decimal { .. } | ColumnType::Double, _) => {
                self.parse_number(text, separators)
            }
        }
    }

    fn parse_number(&self, text: &str, separators: Separators) -> String {
        let decimal = regex_literal(separators.decimal);
        // Either no separator of thousands, or one before each three digits.
        let whole = match separators.thousands {
            Some(thousands) => format!("([0-9]+|[0-9]{{1,3}}({}[0-9]{{3}})+)", regex_literal(thousands)),
            None => "[0-9]+".into(),
        };
        let fraction = match self.kind {
            ColumnType::Integer => String::new(),
            // More digits would be rounded away.
            ColumnType::Decimal { scale, .. } => format!("({decimal}[0-9]{{0,{scale}}}0*)?"),
            _ => format!("({decimal}[0-9]+)?([eE][+-]?[0-9]+)?"),
        };
        let mut plain = text.to_owned();
        if let Some(thousands) = separators.thousands {
            plain = format!("replace({plain}, {}, '')", quote_literal(&thousands.to_string()));
        }
        if separators.decimal != '.' {
            plain = format!("replace({plain}, {}, '.')", quote_literal(&separators.decimal.to_string()));
        }
        let value = self.try_cast(&plain);
        let value = match self.kind {
            ColumnType::Double => format!("CASE WHEN isfinite({value}) THEN {value} END"),
            _ => value,
        };
        format!(
            "CASE WHEN regexp_full_match({text}, {}) THEN {value} END",
            quote_literal(&format!("[+-]?{whole}{fraction}"))
        )
    }

    fn try_cast(&self, value: &str) -> String {
        match self.kind {
            ColumnType::Instant => self.kind.cast(value).replacen("CAST(", "TRY_CAST(", 1),
            kind => format!("TRY_CAST({value} AS {})", kind.sql()),
        }
    }
}

fn regex_literal(character: char) -> String {
    if character.is_ascii_punctuation() { format!("\\{character}") } else { character.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Limits, in_memory};

    #[test]
    fn declared_types_are_read_strictly() {
        let connection = in_memory(&Limits::small()).unwrap();
        let european = Separators { decimal: ',', thousands: Some('.') };
        let usual = Separators::default();
        for (declared, separators, text, expected) in [
            ("decimal(18,2)", usual, "12.5", Some("12.50")),
            ("decimal(18,2)", usual, "007.100", Some("7.10")),
            ("decimal(18,2)", usual, "12.345", None),
            ("decimal(4,2)", usual, "123.45", None),
            ("decimal(18,2)", european, "1.234,5", Some("1234.50")),
            ("decimal(18,2)", european, "1234,5", Some("1234.50")),
            ("decimal(18,2)", european, "1.23,5", None),
            ("integer", usual, "42", Some("42")),
            ("integer", usual, "4.2", None),
            ("integer", european, "1.234", Some("1234")),
            ("integer", usual, "9223372036854775808", None),
            ("double", usual, "1e5", Some("100000.0")),
            ("double", usual, "1e400", None),
            ("boolean", usual, "Yes", Some("true")),
            ("boolean", usual, "2", None),
            ("date('%d.%m.%Y')", usual, "31.01.2024", Some("2024-01-31")),
            ("date('%d.%m.%Y')", usual, "31.02.2024", None),
            ("date", usual, "2024-02-30", None),
            ("timestamp('%d.%m.%Y %H:%M')", usual, "31.01.2024 09:05", Some("2024-01-31 09:05:00")),
            ("timestamp", usual, "2024-01-31", Some("2024-01-31 00:00:00")),
            ("timestamp", usual, "2024-01-31T10:00:00Z", None),
            ("timestamptz", usual, "2024-01-31T10:00+02", Some("2024-01-31 08:00:00+00")),
            ("timestamptz", usual, "2024-01-31 10:00", None),
            ("text", usual, "007", Some("007")),
        ] {
            let declared: Declared = declared.parse().unwrap();
            let value = declared.parse("t", separators);
            let sql = format!("SELECT ({value})::VARCHAR FROM (SELECT {} AS t)", quote_literal(text));
            let found: Option<String> = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found.as_deref(), expected, "{declared} {text}");
        }
    }

    #[test]
    fn names() {
        for name in
            ["text", "integer", "decimal(18,2)", "double", "boolean", "date", "timestamp('%d.%m.%Y')", "timestamptz"]
        {
            assert_eq!(name.parse::<Declared>().unwrap().to_string(), name);
        }
        for wrong in [
            "",
            "money",
            "decimal",
            "decimal(39,2)",
            "decimal(2,3)",
            "integer(3)",
            "date()",
            "date('x')",
            "timestamptz('%d')",
        ] {
            assert!(wrong.parse::<Declared>().is_err(), "{wrong}");
        }
    }
}
