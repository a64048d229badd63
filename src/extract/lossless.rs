//! Writing the result of a query to parquet so that every value comes back: parquet, or how the engine writes it, has no
//! place for some of its types.

use std::path::Path;

use super::ExtractError;
use crate::base::ident::{quote_ident, quote_path};
use crate::engine::{self, Connection};

/// Starts the error for a value that the first choice of a type does not hold; followed by the column's number.
const MISFIT: &str = "stored-type-does-not-fit:";

const ZONED: &str = "TIME WITH TIME ZONE";

/// A column that has such a type, at any depth.
struct Column {
    name: String,
    kind: String,
    choice: Choice,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Choice {
    /// Whole numbers of 128 bits, which would be written as doubles: decimals of 38 digits, if all of them fit.
    Decimal,
    /// Parquet has milliseconds only and nothing below zero: as it is, if all of them fit.
    Interval,
    /// Parquet has no offset: as it is, if all of them are at UTC and before 24:00.
    ZonedTime,
    /// Has a range that is smaller in seconds.
    Timestamp,
    /// Loses its shape; or the first choice did not fit.
    Text,
    /// Written as it is.
    Same,
}

/// The statement that writes the result of `select` to a parquet file.
pub fn copy(select: &str, target: &Path) -> String {
    let target = quote_path(target);
    format!("COPY (\n{select}\n) TO {target} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)")
}

/// Writes the result of `select` to `target`. Returns notes on the columns that became text.
///
/// A column name that occurs twice is an error.
pub fn write(connection: &Connection, select: &str, target: &Path) -> Result<Vec<String>, ExtractError> {
    let mut columns = describe(connection, select)?;
    loop {
        let Err(error) = connection.execute_batch(&copy(&converted(select, &columns), target)) else {
            let texts = columns.iter().filter(|column| column.choice == Choice::Text);
            let note = |column: &Column| {
                format!(
                    "column {} is stored as text: parquet has no type for all values of {}",
                    column.name,
                    short(&column.kind)
                )
            };
            return Ok(texts.map(note).collect());
        };
        if !widen(&mut columns, &engine::message(&error)) {
            return Err(error.into());
        }
        // The failure ended the caller's transaction, if there is one.
        let _ = connection.execute_batch("ROLLBACK; BEGIN");
    }
}

fn describe(connection: &Connection, select: &str) -> Result<Vec<Column>, ExtractError> {
    let mut statement = connection.prepare(&format!("DESCRIBE {select}"))?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let columns = rows.map(|row| row.map(|(name, kind)| Column { choice: choice(&kind), name, kind }));
    let columns: Vec<_> = columns.collect::<Result<_, _>>()?;
    let mut seen = std::collections::HashSet::new();
    match columns.iter().find(|column| !seen.insert(column.name.to_lowercase())) {
        Some(Column { name, .. }) => Err(super::foreign::Fault::SameName { name: name.clone() }.into()),
        None => Ok(columns),
    }
}

fn choice(kind: &str) -> Choice {
    let has = |word: &str| replaced(kind, word, "") != kind;
    if kind == "INTERVAL" {
        Choice::Interval
    } else if kind == ZONED {
        Choice::ZonedTime
    } else if ["UNION", "INTERVAL", ZONED].into_iter().any(has) {
        Choice::Text
    } else if has("HUGEINT") || has("UHUGEINT") {
        Choice::Decimal
    } else if has("TIMESTAMP_S") {
        Choice::Timestamp
    } else {
        Choice::Same
    }
}

/// `kind` with another type in each place of `word` that is not a name or a quoted text.
fn replaced(kind: &str, word: &str, by: &str) -> String {
    let mut result = String::new();
    let mut rest = kind;
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '"' | '\'' => 1 + rest[1..].find(first).map_or(rest.len() - 1, |end| end + 1),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let is_type = rest.starts_with(word)
            && !rest[word.len()..].starts_with(is_word)
            && !result.ends_with(is_word)
            // The name of a field is followed by its type.
            && !rest[word.len()..].starts_with(" ");
        let (from, to) = if is_type { (word.len(), by) } else { (token, &rest[..token]) };
        result.push_str(to);
        rest = &rest[from..];
    }
    result
}

/// A type as people and the documentation write it.
pub(super) fn short(kind: &str) -> String {
    let short = replaced(kind, "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ");
    replaced(&short, ZONED, "TIMETZ")
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The columns are called `c0`, `c1`… inside, so that their names cannot be confused.
fn converted(select: &str, columns: &[Column]) -> String {
    if columns.iter().all(|column| column.choice == Choice::Same) {
        return select.to_owned();
    }
    let inner: Vec<_> = (0..columns.len()).map(|index| format!("c{index}")).collect();
    let values = columns.iter().enumerate().map(|(index, column)| {
        let value = match column.choice {
            Choice::Same => format!("c{index}"),
            Choice::Text => format!("CAST(c{index} AS VARCHAR)"),
            Choice::Timestamp => format!("CAST(c{index} AS {})", replaced(&column.kind, "TIMESTAMP_S", "TIMESTAMP")),
            Choice::Decimal => {
                let kind = replaced(&column.kind, "HUGEINT", "DECIMAL(38,0)");
                format!("CAST(c{index} AS {})", replaced(&kind, "UHUGEINT", "DECIMAL(38,0)"))
            }
            Choice::Interval => guarded(&format!("extract(microseconds FROM c{index}) % 1000 <> 0"), index, "INTERVAL"),
            // 24:00 would come back as 00:00.
            Choice::ZonedTime => {
                let misfit = format!("extract(timezone FROM c{index}) <> 0 OR extract(hour FROM c{index}) = 24");
                guarded(&misfit, index, ZONED)
            }
        };
        format!("{value} AS {}", quote_ident(&column.name))
    });
    let values: Vec<_> = values.collect();
    format!("SELECT {} FROM (\n{select}\n) AS t({})", values.join(", "), inner.join(", "))
}

fn guarded(misfit: &str, index: usize, kind: &str) -> String {
    format!("CASE WHEN {misfit} THEN CAST(error('{MISFIT}{index}') AS {kind}) ELSE c{index} END")
}

/// Makes text of the columns that caused an error. Returns whether there are any.
fn widen(columns: &mut [Column], error: &str) -> bool {
    let named = error
        .split_once(MISFIT)
        .and_then(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>().ok());
    let is_cause = |index: usize, column: &Column| match column.choice {
        Choice::ZonedTime => named == Some(index),
        Choice::Interval => named == Some(index) || error.contains("negative interval"),
        Choice::Decimal => error.contains("DECIMAL(38,0)"),
        _ => false,
    };
    let mut any = false;
    for (index, column) in columns.iter_mut().enumerate() {
        if is_cause(index, column) {
            column.choice = Choice::Text;
            any = true;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_at_any_depth() {
        let huge = "STRUCT(HUGEINT HUGEINT, \"q\"\"HUGEINT x\" UHUGEINT[], e ENUM('HUGEINT', 'it''s HUGEINT'))";
        let kind = replaced(huge, "HUGEINT", "DECIMAL(38,0)");
        assert_eq!(
            replaced(&kind, "UHUGEINT", "DECIMAL(38,0)"),
            "STRUCT(HUGEINT DECIMAL(38,0), \"q\"\"HUGEINT x\" DECIMAL(38,0)[], e ENUM('HUGEINT', 'it''s HUGEINT'))"
        );
        assert_eq!(
            short("STRUCT(a TIMESTAMP WITH TIME ZONE[], \"TIME WITH TIME ZONE\" TIME WITH TIME ZONE)"),
            "STRUCT(a TIMESTAMPTZ[], \"TIME WITH TIME ZONE\" TIMETZ)"
        );
        for (kind, expected) in [
            ("HUGEINT", Choice::Decimal),
            ("MAP(VARCHAR, HUGEINT)", Choice::Decimal),
            ("INTERVAL", Choice::Interval),
            ("INTERVAL[]", Choice::Text),
            ("TIME WITH TIME ZONE", Choice::ZonedTime),
            ("TIME WITH TIME ZONE[]", Choice::Text),
            ("TIMESTAMP WITH TIME ZONE", Choice::Same),
            ("STRUCT(a TIMESTAMP WITH TIME ZONE)", Choice::Same),
            ("STRUCT(\"INTERVAL\" INTEGER)", Choice::Same),
            ("ENUM('HUGEINT')", Choice::Same),
            ("UNION(num INTEGER)", Choice::Text),
            ("TIMESTAMP_S[]", Choice::Timestamp),
        ] {
            assert_eq!(choice(kind), expected, "{kind}");
        }
    }

    /// What is written for an expression: the type and the text of what is read back.
    fn written(expression: &str) -> (String, String, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.parquet");
        let connection = engine::in_memory(&engine::Limits::small()).unwrap();
        let notes = write(&connection, &format!("SELECT 1 AS id, {expression} AS \"a b\""), &file).unwrap();
        let read = format!("SELECT typeof(\"a b\"), \"a b\"::VARCHAR FROM read_parquet('{}')", file.display());
        let (kind, text) = connection.query_row(&read, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        (kind, text, notes)
    }

    #[test]
    fn every_value_comes_back() {
        for (expression, kind, text) in [
            ("123456789012345678901234567890::HUGEINT", "DECIMAL(38,0)", "123456789012345678901234567890"),
            ("sum(9223372036854775807) OVER ()", "DECIMAL(38,0)", "9223372036854775807"),
            ("170141183460469231731687303715884105727::HUGEINT", "VARCHAR", "170141183460469231731687303715884105727"),
            ("340282366920938463463374607431768211455::UHUGEINT", "VARCHAR", "340282366920938463463374607431768211455"),
            ("[1::HUGEINT, NULL]", "DECIMAL(38,0)[]", "[1, NULL]"),
            ("{'HUGEINT': MAP {1::UHUGEINT: 2}}", "STRUCT(HUGEINT MAP(DECIMAL(38,0), INTEGER))", "{'HUGEINT': {1=2}}"),
            ("'12:00:00+02:30'::TIMETZ", "VARCHAR", "12:00:00+02:30"),
            ("'12:00:00+00'::TIMETZ", "TIME WITH TIME ZONE", "12:00:00+00"),
            ("'24:00:00+00'::TIMETZ", "VARCHAR", "24:00:00+00"),
            ("'24:00:00'::TIME", "TIME", "24:00:00"),
            ("INTERVAL '1 year 2 days 3.004 seconds'", "INTERVAL", "1 year 2 days 00:00:03.004"),
            ("INTERVAL '3.000456 seconds'", "VARCHAR", "00:00:03.000456"),
            ("INTERVAL '-3 days'", "VARCHAR", "-3 days"),
            ("[INTERVAL '-3 days']", "VARCHAR", "[-3 days]"),
            ("'infinity'::TIMESTAMP_S", "TIMESTAMP", "infinity"),
            ("'2020-01-01 00:00:01.123456789'::TIMESTAMP_NS", "TIMESTAMP_NS", "2020-01-01 00:00:01.123456789"),
            ("'infinity'::TIMESTAMP_MS", "TIMESTAMP", "infinity"),
            ("'-infinity'::DATE", "DATE", "-infinity"),
            ("'0044-03-15 (BC)'::DATE", "DATE", "0044-03-15 (BC)"),
            ("'nan'::DOUBLE", "DOUBLE", "nan"),
            ("'-0.0'::DOUBLE", "DOUBLE", "-0.0"),
            ("union_value(num := 2)", "VARCHAR", "2"),
            ("'10101'::BIT", "VARCHAR", "10101"),
            (
                "'123456789012345678901234567890123456789012'::BIGNUM",
                "VARCHAR",
                "123456789012345678901234567890123456789012",
            ),
            ("'a'::ENUM('a', 'b')", "VARCHAR", "a"),
            ("TIME_NS '12:00:00.123456789'", "VARCHAR", "12:00:00.123456789"),
            ("12345678901234567890.12345::DECIMAL(38,5)", "DECIMAL(38,5)", "12345678901234567890.12345"),
            ("18446744073709551615::UBIGINT", "UBIGINT", "18446744073709551615"),
            ("'\\xFF'::BLOB", "BLOB", "\\xFF"),
        ] {
            let (found, value, notes) = written(expression);
            assert_eq!((found.as_str(), value.as_str()), (kind, text), "{expression}");
            let is_told = ["170141", "340282", "+02:30", "24:00:00+00", "INTERVAL '-", "000456", "union_"]
                .iter()
                .any(|part| expression.contains(part));
            assert_eq!(notes.len(), usize::from(is_told), "{expression}: {notes:?}");
        }
    }

    #[test]
    fn a_name_that_occurs_twice_is_an_error() {
        let connection = engine::in_memory(&engine::Limits::small()).unwrap();
        let error = write(&connection, "SELECT 1 AS a, 2 AS \"A\"", Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("two columns are named 'A'"), "{error}");
        assert!(write(&connection, "SELECT error('x') AS a, 2::HUGEINT AS b", Path::new("/nowhere")).is_err());
    }
}
