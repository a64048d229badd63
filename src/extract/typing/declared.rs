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
        if let Some(wrong) = format.as_deref().and_then(unknown_directive) {
            return Err(format!("'{text}': {wrong} is not a part of a date or time; use e.g. %d.%m.%Y %H:%M:%S"));
        }
        if kind != ColumnType::Instant && format.as_ref().is_some_and(|format| format.contains("%z")) {
            return Err(format!("'{text}': a format with %z, the offset, belongs to a timestamptz"));
        }
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
                let time = formatted(text, format);
                format!("CASE WHEN {time} = {time}::DATE THEN {time}::DATE END")
            }
            (ColumnType::Timestamp, Some(format)) => format!("{}::TIMESTAMP", formatted(text, format)),
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
            // Not what it would round: too many digits, or too small a number.
            ColumnType::Double => {
                let digits = format!("trim(regexp_replace(lower({plain}), 'e.*|[^0-9]', '', 'g'), '0')");
                format!(
                    "CASE WHEN isfinite({value}) AND (({value}) <> 0 OR {digits} = '') \
                     AND (length({digits}) <= 15 OR ({value})::VARCHAR = {plain}) THEN {value} END"
                )
            }
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

/// SQL for a time without offset; NULL if the text is not what the time looks like in that format, apart from zeros before
/// numbers: `strptime` alone also takes days that do not exist, and years of two digits for `%Y`.
fn formatted(text: &str, format: &str) -> String {
    let (time, format) = (format!("try_strptime({text}, {})", quote_literal(format)), format);
    // How many digits a fraction has is not known.
    if ["%f", "%g", "%n"].iter().any(|fraction| format.contains(fraction)) {
        return time;
    }
    let plain = |text: &str| format!(r"regexp_replace(lower({text}), '(^|[^0-9])0+([0-9])', '\1\2', 'g')");
    let printed = format!("strftime({time}, {})", quote_literal(format));
    let year = if format.contains("%Y") { format!(" AND year({time}) >= 1000") } else { String::new() };
    format!("CASE WHEN {} = {}{year} THEN {time} END", plain(text), plain(&printed))
}

/// A part of a format that `strptime` does not know.
fn unknown_directive(format: &str) -> Option<String> {
    let mut rest = format;
    while let Some((_, behind)) = rest.split_once('%') {
        let directive = behind.strip_prefix('-').unwrap_or(behind);
        match directive.chars().next() {
            Some(known) if "aAbBdfgHIjmMnpSyYz%".contains(known) => rest = &directive[1..],
            other => return Some(format!("%{}", other.map(String::from).unwrap_or_default())),
        }
    }
    None
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
            ("double", usual, "1e-400", None),
            ("double", usual, "0e-400", Some("0.0")),
            ("double", usual, "12345678901234567", None),
            ("double", usual, "0.30000000000000004", Some("0.30000000000000004")),
            ("date('%d.%m.%Y')", usual, "1.2.2024", Some("2024-02-01")),
            ("date('%d.%m.%Y')", usual, "1.2.24", None),
            ("date('%d.%m.%y')", usual, "01.02.24", Some("2024-02-01")),
            ("date('%Y-%j')", usual, "2023-366", None),
            ("date('%a %Y-%m-%d')", usual, "Mon 2024-01-02", None),
            ("timestamp('%d %b %Y %I:%M %p')", usual, "05 Jan 2024 09:05 PM", Some("2024-01-05 21:05:00")),
            ("timestamp('%Y-%m-%d %H:%M:%S.%f')", usual, "2024-01-05 09:05:01.5", Some("2024-01-05 09:05:01.5")),
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
            "date('%Q')",
            "timestamp('%H:%M %z')",
        ] {
            assert!(wrong.parse::<Declared>().is_err(), "{wrong}");
        }
    }
}
