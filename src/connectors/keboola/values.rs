//! How the values of a column decide the type in which it is stored: no value may come back as another one.
//!
//! In a typed table the text of a value is one way to write it, and the value counts. In other tables the text is the value at
//! Keboola: there, columns of a key get a type only if it returns each text, so that two keys never become one.

use serde::{Deserialize, Serialize};

use super::form::{exact_form, form};
use super::types::{Column, Kind};
use crate::extract::typing::{ColumnType, Facts, Reason};

/// How a column is stored.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Stored {
    As(ColumnType),
    Time,
    /// A time with an offset, as `TIMESTAMP` in UTC.
    Local,
    Blob,
}

/// What the values of a column so far have shown.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Learned {
    pub stored: Stored,
    pub facts: Facts,
}

/// Notes a value, in the form in which it counts for the column.
pub fn observe(column: &Column, facts: &mut Facts, text: &str, row: u64) {
    match column.kind {
        _ if text.is_empty() => {}
        Kind::Varchar => facts.values += 1,
        kind if is_exact_key(column) => facts.observe_as(exact_form(kind, text), text, row),
        kind => facts.observe_as(form(kind, text).as_bytes(), text, row),
    }
}

impl Learned {
    /// Decides by everything that is known about a column.
    pub fn new(column: &Column, facts: Facts) -> Self {
        let stored = facts.verdict().map_or_else(
            || if_empty(column.kind),
            |verdict| match (stored(column, verdict), column.kind) {
                // The declared width, unless there are more digits.
                (Stored::As(ColumnType::Decimal { .. }), Kind::Decimal { precision, scale })
                    if facts.fits(ColumnType::Decimal { precision, scale }) =>
                {
                    Stored::As(ColumnType::Decimal { precision, scale })
                }
                (stored, _) => stored,
            },
        );
        Self { stored, facts }
    }

    /// The type and why, for the owner of the table.
    pub fn reason(&self, column: &Column, is_complete: bool) -> Reason {
        let decision = self.decision(column);
        Reason {
            column: column.published.clone(),
            kind: self.stored.sql(),
            is_declared: false,
            // Those of increments replace others.
            values: is_complete.then_some(self.facts.values),
            decided_by: decision.map(|(seen, _)| seen.clone()),
            before: decision.map(|(_, before)| before.map_or_else(|| column.kind.sql(), ColumnType::sql)),
        }
    }

    /// A remark if the column should not be text and is.
    pub fn note(&self, column: &Column) -> Option<String> {
        let (seen, _) = self.decision(column)?;
        let (name, kind) = (&column.published, column.kind);
        let why = if is_exact_key(column) { "as it is written, which the key needs" } else { "as it is" };
        Some(format!(
            "column {name}, {kind} in Keboola, is text, since row {} has \"{}\": no such type returns every value {why}",
            seen.line, seen.text
        ))
    }

    fn decision(&self, column: &Column) -> Option<(&crate::extract::typing::Seen, Option<ColumnType>)> {
        let is_text = |verdict| stored(column, verdict) == Stored::As(ColumnType::Text);
        (column.kind != Kind::Varchar && self.stored == Stored::As(ColumnType::Text))
            .then(|| self.facts.first(is_text))
            .flatten()
    }
}

impl Stored {
    /// As DuckDB names it.
    pub fn sql(self) -> String {
        match self {
            Self::As(kind) => kind.sql(),
            Self::Time => "TIME".into(),
            Self::Local => "TIMESTAMP".into(),
            Self::Blob => "BLOB".into(),
        }
    }

    /// SQL for the value of the text `text`, which was observed; NULL for NULL.
    pub fn cast(self, text: &str) -> String {
        // Snowflake writes ` +0200`, BigQuery ` UTC`; zeros that are too many are dropped.
        let time = format!(
            r"regexp_replace(regexp_replace(regexp_replace({text}, '(\.[0-9]{{6}})0+', '\1'), '\s*(Z|UTC)$', 'Z'), '\s+([-+])', '\1')"
        );
        let zoned = format!(r"regexp_replace({time}, '(:[0-9.]+[-+][0-9]{{2}})([0-9]{{2}})$', '\1:\2')");
        let instant = ColumnType::Instant.cast(&format!("({zoned})"));
        match self {
            Self::As(ColumnType::Instant) => instant,
            Self::As(ColumnType::Boolean) => format!(
                "CASE WHEN lower({text}) IN ('true', 't', '1') THEN true WHEN lower({text}) IN ('false', 'f', '0') THEN false END"
            ),
            Self::As(ColumnType::Date) => format!("CAST(substr({text}, 1, 10) AS DATE)"),
            Self::As(ColumnType::Timestamp) => format!("CAST({time} AS TIMESTAMP)"),
            Self::As(kind) => kind.cast(text),
            Self::Time => format!("CAST({text} AS TIME)"),
            Self::Local => format!("make_timestamp(epoch_us({instant}))"),
            Self::Blob => format!("unhex({text})"),
        }
    }
}

/// Returns whether each text has to come back from the type.
fn is_exact_key(column: &Column) -> bool {
    column.is_key && !column.is_native
}

/// The type for a column without values.
fn if_empty(kind: Kind) -> Stored {
    match kind {
        Kind::Varchar => Stored::As(ColumnType::Text),
        Kind::BigInt => Stored::As(ColumnType::Integer),
        Kind::Number | Kind::TextFloat | Kind::Double => Stored::As(ColumnType::Double),
        Kind::Decimal { precision, scale } => Stored::As(ColumnType::Decimal { precision, scale }),
        Kind::Boolean => Stored::As(ColumnType::Boolean),
        Kind::Date => Stored::As(ColumnType::Date),
        Kind::Timestamp => Stored::As(ColumnType::Timestamp),
        Kind::TimestampTz => Stored::As(ColumnType::Instant),
        Kind::TimestampLocal => Stored::Local,
        Kind::Time => Stored::Time,
        Kind::Blob => Stored::Blob,
    }
}

/// The type of a column whose values, in the form in which they count, have that type.
fn stored(column: &Column, verdict: ColumnType) -> Stored {
    use ColumnType::{Boolean, Date, Decimal, Double, Instant, Integer, Text, Timestamp};
    let exact = is_exact_key(column);
    match (column.kind, verdict) {
        (Kind::BigInt, Integer | Decimal { scale: 0, .. })
        | (Kind::Number | Kind::TextFloat | Kind::Double, Integer | Decimal { .. })
        | (Kind::Decimal { .. }, Decimal { .. })
        | (Kind::Boolean, Boolean)
        | (Kind::Date, Date)
        | (Kind::Timestamp | Kind::TimestampLocal | Kind::TimestampTz, Timestamp) => Stored::As(verdict),
        // An untyped key, since the forms of other columns have decimals.
        (Kind::Decimal { .. }, Integer) if exact => Stored::As(verdict),
        // `1e-05` and `1E-5`, or the same moment in two zones, are two texts and one value.
        _ if exact => Stored::As(Text),
        (Kind::Number | Kind::TextFloat | Kind::Double, Double) | (Kind::Timestamp | Kind::TimestampTz, Instant) => {
            Stored::As(verdict)
        }
        (Kind::TimestampLocal, Instant) => Stored::Local,
        (Kind::Time, Boolean) => Stored::Time,
        (Kind::Blob, Boolean) => Stored::Blob,
        _ => Stored::As(Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Limits, in_memory};

    fn column(kind: Kind) -> Column {
        Column { name: "c".into(), published: "c".into(), kind, is_native: true, is_key: false }
    }

    fn learned(column: &Column, texts: &[&str]) -> Learned {
        let mut facts = Facts::default();
        texts.iter().zip(1..).for_each(|(text, row)| observe(column, &mut facts, text, row));
        Learned::new(column, facts)
    }

    /// What is stored of each text.
    fn returned(column: &Column, texts: &[&str]) -> (String, Vec<String>) {
        let stored = learned(column, texts).stored;
        let connection = in_memory(&Limits::small()).unwrap();
        let value = |text: &&str| {
            let sql = format!("SELECT CAST({} AS VARCHAR) FROM (SELECT ? AS t)", stored.cast("t"));
            connection.query_row(&sql, [text], |row| row.get::<_, String>(0)).unwrap()
        };
        (stored.sql(), texts.iter().map(value).collect())
    }

    #[test]
    fn values_come_back_or_the_column_is_text() {
        let decimal = Kind::Decimal { precision: 12, scale: 2 };
        for (kind, texts, stored, values) in [
            (Kind::BigInt, &["10.0", "-7"][..], "BIGINT", &["10", "-7"][..]),
            (Kind::BigInt, &["12345678901234567890", "1"], "DECIMAL(38,0)", &["12345678901234567890", "1"]),
            (Kind::Number, &["1.5", "2.25"], "DOUBLE", &["1.5", "2.25"]),
            (Kind::Number, &["1.50", "2.25"], "DECIMAL(18,2)", &["1.50", "2.25"]),
            (
                decimal,
                &["1.5", "2", "-0.5", "3.1000", ".5"],
                "DECIMAL(12,2)",
                &["1.50", "2.00", "-0.50", "3.10", "0.50"],
            ),
            (decimal, &["12345678901.25"], "DECIMAL(18,2)", &["12345678901.25"]),
            (
                Kind::Double,
                &["1.5e3", "0", "0.30000000000000004", "-1E-7"],
                "DOUBLE",
                &["1500.0", "0.0", "0.30000000000000004", "-1e-07"],
            ),
            (Kind::Boolean, &["1", "F", "TRUE"], "BOOLEAN", &["true", "false", "true"]),
            (Kind::Date, &["2024-01-01 00:00:00.000", "2024-01-31"], "DATE", &["2024-01-01", "2024-01-31"]),
            (
                Kind::Timestamp,
                &["2024-01-01", "2024-01-31T10:00", "2024-01-31 10:00:00.123456000"],
                "TIMESTAMP",
                &["2024-01-01 00:00:00", "2024-01-31 10:00:00", "2024-01-31 10:00:00.123456"],
            ),
            (
                Kind::TimestampLocal,
                &["2024-01-31 10:00:00.500000000 +0200", "2024-01-31 10:00 UTC"],
                "TIMESTAMP",
                &["2024-01-31 08:00:00.5", "2024-01-31 10:00:00"],
            ),
            (Kind::Time, &["9:30:00", "23:59:59.5"], "TIME", &["09:30:00", "23:59:59.5"]),
            (Kind::Blob, &["00ff", ""], "BLOB", &[r"\x00\xFF", ""]),
        ] {
            let (kind, found) = returned(&column(kind), texts);
            assert_eq!(
                (kind.as_str(), found.as_slice()),
                (stored, values.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice()),
                "{texts:?}"
            );
        }
        for (kind, texts) in [
            (Kind::BigInt, &["1", "1.5"][..]),
            (Kind::BigInt, &["007"]),
            (Kind::BigInt, &["1."]),
            (Kind::BigInt, &["123456789012345678901234567890123456789"]),
            (Kind::Number, &["12E5"]),
            (Kind::Number, &["1.9", "1.10"]),
            (Kind::TextFloat, &["0.1", "nan"]),
            (decimal, &["1.50", "1.555"]),
            (decimal, &["1.25", "1.555"]),
            (decimal, &["1e3"]),
            (decimal, &["1-2.5"]),
            (Kind::Double, &["0.5", "123456789012345678"]),
            (Kind::Double, &["0.5", "inf"]),
            (Kind::Double, &["0.5", "1e400"]),
            (Kind::Double, &["0.5", "1e-400"]),
            (Kind::Double, &["0.5", "1_0"]),
            (Kind::Boolean, &["true", "yes"]),
            (Kind::Boolean, &["2"]),
            (Kind::Date, &["2024-01-01 10:00:00"]),
            (Kind::Date, &["epoch"]),
            (Kind::Date, &["infinity"]),
            (Kind::Timestamp, &["2024-01-31 10:00:00.123456789"]),
            (Kind::Timestamp, &["2024-01-31 10:00:00", "2024-01-31 10:00:00+02"]),
            (Kind::TimestampTz, &["2024-01-31 10:00:00 +0200", "2024-01-31"]),
            (Kind::TimestampTz, &["2024-01-31 10:00:00 CET"]),
            (Kind::Timestamp, &["é024-01-31 10:00:00"]),
            (Kind::Time, &["838:59:59"]),
            (Kind::Time, &["24:00:00"]),
            (Kind::Blob, &["0f0"]),
            (Kind::Blob, &["true"]),
        ] {
            let column = column(kind);
            let learned = learned(&column, texts);
            assert_eq!(learned.stored, Stored::As(ColumnType::Text), "{kind:?} {texts:?}");
            let last = texts.last().unwrap();
            assert!(learned.note(&column).unwrap().contains(&format!("\"{last}\"")), "{kind:?} {texts:?}");
        }
        for kind in [Kind::TextFloat, Kind::Double] {
            let column = column(kind);
            assert!(
                learned(&column, &["nan"]).note(&column).unwrap().starts_with("column c, FLOAT in Keboola, is text")
            );
        }
    }

    #[test]
    fn keys_of_untyped_tables_return_each_text() {
        for (kind, texts, stored) in [
            (Kind::BigInt, &["1", "2"][..], "BIGINT"),
            (Kind::BigInt, &["1", "1.0"], "VARCHAR"),
            (Kind::Number, &["1.50", "1.25"], "DECIMAL(18,2)"),
            (Kind::Number, &["1.5", "1.25"], "VARCHAR"),
            (Kind::Decimal { precision: 12, scale: 2 }, &["1.50", "1.25"], "DECIMAL(12,2)"),
            (Kind::Decimal { precision: 12, scale: 2 }, &["1.50", "1.5"], "VARCHAR"),
            (Kind::Decimal { precision: 12, scale: 2 }, &["1", "2"], "BIGINT"),
            (Kind::Boolean, &["true", "1"], "VARCHAR"),
            (Kind::Boolean, &["True", "False"], "BOOLEAN"),
            (Kind::Timestamp, &["2024-01-31 10:00:00", "2024-01-31 10:00:00.5"], "TIMESTAMP"),
            (Kind::Timestamp, &["2024-01-31 10:00:00", "2024-01-31 10:00:00.0"], "VARCHAR"),
            (Kind::TimestampTz, &["2024-01-31 10:00:00Z"], "VARCHAR"),
            (Kind::Timestamp, &["2024-01-31 10:00:00", "2024-01-31T10:00:00"], "VARCHAR"),
            (Kind::Date, &["2024-01-31"], "DATE"),
        ] {
            let column = Column { is_native: false, is_key: true, ..column(kind) };
            assert_eq!(learned(&column, texts).stored.sql(), stored, "{kind:?} {texts:?}");
        }
    }
}
