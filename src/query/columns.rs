//! The columns of a `SELECT`, whose values the engine returns as text: its own API loses digits, offsets and types.

use super::encoding;
use super::types::ColumnType;
use crate::engine::{Connection, Result};

pub struct Columns(Vec<(String, ColumnType)>);

impl Columns {
    pub fn describe(connection: &Connection, sql: &str) -> Result<Self> {
        let mut statement = connection.prepare(&format!("DESCRIBE (\n{sql}\n)"))?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, ColumnType::parse(&row.get::<_, String>(1)?))))?;
        rows.collect::<Result<_>>().map(Self)
    }

    /// Columns of which the caller gets texts from the engine otherwise.
    pub fn new(columns: Vec<(String, ColumnType)>) -> Self {
        Self(columns)
    }

    /// Duplicates are kept.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The statement with its columns as texts that are called `c0`, `c1`, …, and with at most `rows` rows.
    pub fn select_texts(&self, sql: &str, rows: usize) -> String {
        let names = self.join(", ", |index| format!("c{index}"));
        let texts = self.join(", ", |index| format!("{} AS c{index}", self.0[index].1.as_text(&format!("c{index}"))));
        format!("SELECT {texts} FROM (\n{sql}\n) AS q({names}) LIMIT {rows}")
    }

    /// Writes a value of the column as JSON.
    pub fn write(&self, out: &mut String, index: usize, text: Option<&str>) {
        encoding::write(out, &self.0[index].1, text);
    }

    /// A part of SQL for each column.
    pub fn join(&self, separator: &str, part: impl FnMut(usize) -> String) -> String {
        (0..self.0.len()).map(part).collect::<Vec<_>>().join(separator)
    }
}
