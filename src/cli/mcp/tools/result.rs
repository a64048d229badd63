//! The rows of a result, as much of them as a model can read.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::cli::query::Rows;
use crate::query::shown;

/// All values together, as JSON. Clients cut what is much longer, without saying where.
const MAX_BYTES: usize = 60_000;

/// Keeps rows.
#[derive(Debug, Default)]
pub struct Collected {
    names: Vec<String>,
    rows: Vec<Vec<Value>>,
    bytes: usize,
    /// The size of the row for which there was no room.
    left_out: Option<usize>,
}

impl Rows for Collected {
    fn begin(&mut self, names: Vec<String>) -> io::Result<()> {
        self.names = names;
        Ok(())
    }

    fn row(&mut self, values: &[String]) -> io::Result<bool> {
        let bytes = values.iter().map(|value| value.len() + 1).sum::<usize>() + 2;
        if self.bytes + bytes > MAX_BYTES {
            self.left_out = Some(bytes);
            return Ok(false);
        }
        self.bytes += bytes;
        let row = values.iter().map(|value| value_of(value)).collect::<Result<_, _>>();
        self.rows.push(row?);
        Ok(true)
    }
}

/// A value in the JSON that `agnes query --json` prints.
pub fn value_of(json: &str) -> serde_json::Result<Value> {
    serde_json::from_str(&shown::exact(json))
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct ResultRows {
    /// Names of the columns, all different
    columns: Vec<String>,
    /// The rows, each an array of values in the order of the columns. NULL is null. DECIMAL, dates, times and integers beyond 2^53
    /// are strings, so that no digit is lost
    rows: Vec<Vec<Value>>,
    /// How many rows are here
    row_count: usize,
    /// Whether the result has more rows than are here
    truncated: bool,
    /// What was cut off, and how to get at it
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl ResultRows {
    /// `is_cut`: whether there were more rows than were kept.
    pub fn new(kept: Collected, is_cut: bool, limit: u64) -> Self {
        let rows = kept.rows.len();
        let note = match kept.left_out {
            Some(bytes) if rows == 0 => Some(format!(
                "The first row alone is {bytes} characters long, and only {MAX_BYTES} fit here: select fewer columns, shorten \
                 texts with left(column, 200), or use query_to_file."
            )),
            Some(_) => Some(format!(
                "Only the first {rows} rows are here, since all together may be {MAX_BYTES} characters long: select fewer \
                 columns, aggregate, or use query_to_file for all rows."
            )),
            None if is_cut => Some(format!(
                "Only the first {rows} rows are here, as many as the limit of {limit} allows: aggregate, raise the limit, or \
                 use query_to_file for all rows."
            )),
            None => None,
        };
        Self { columns: kept.names, rows: kept.rows, row_count: rows, truncated: is_cut, note }
    }

    /// `3 rows`, and what is missing.
    pub fn summary(&self) -> String {
        let rows = if self.row_count == 1 { "1 row".to_owned() } else { format!("{} rows", self.row_count) };
        self.note.as_ref().map_or_else(|| format!("{rows}."), |note| format!("{rows}. {note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(rows: &[&str]) -> Collected {
        let mut collected = Collected::default();
        collected.begin(vec!["a".into()]).unwrap();
        for row in rows {
            if !collected.row(&[(*row).to_owned()]).unwrap() {
                break;
            }
        }
        collected
    }

    #[test]
    fn says_what_is_missing_and_why() {
        let long = format!("\"{}\"", "x".repeat(MAX_BYTES / 2));
        let whole = ResultRows::new(collected(&["1", "null"]), false, 2);
        assert_eq!((whole.summary().as_str(), whole.truncated), ("2 rows.", false));
        let limited = ResultRows::new(collected(&["1"]), true, 1);
        assert!(limited.summary().starts_with("1 row. Only the first 1 rows are here, as many as the limit of 1"));
        let large = ResultRows::new(collected(&["1", &long, &long]), true, 10);
        assert!(large.row_count == 2 && large.summary().contains("60000 characters"), "{}", large.summary());
        let huge = ResultRows::new(collected(&[&long.repeat(3)]), true, 10);
        assert!(huge.row_count == 0 && huge.summary().contains("The first row alone"), "{}", huge.summary());
    }
}
