//! The columns of a `SELECT` that has values which the engine has to convert to text.

use super::types::ColumnType;
use crate::engine::{Connection, Result};

/// Types that [`super::rows`] reads as they are, without modifiers.
const NATIVE: &str = "BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT \
                      DOUBLE DECIMAL BLOB UUID DATE TIME TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS";

struct Column {
    name: String,
    type_name: String,
    column_type: ColumnType,
}

impl Column {
    fn is_native(&self) -> bool {
        match &self.column_type {
            // Stands for types that cannot be parsed, too.
            ColumnType::Scalar(name) if name == "VARCHAR" => self.type_name == "VARCHAR",
            ColumnType::Scalar(name) => {
                name == "TIMESTAMP WITH TIME ZONE" || NATIVE.split_ascii_whitespace().any(|native| native == name)
            }
            _ => false,
        }
    }
}

pub struct Columns(Vec<Column>);

impl Columns {
    pub fn describe(connection: &Connection, sql: &str) -> Result<Self> {
        let mut statement = connection.prepare(&format!("DESCRIBE (\n{sql}\n)"))?;
        let rows = statement.query_map([], |row| {
            let type_name: String = row.get(1)?;
            Ok(Column { name: row.get(0)?, column_type: ColumnType::parse(&type_name), type_name })
        })?;
        rows.collect::<Result<_>>().map(Self)
    }

    /// The names, of which some may be the same, and the types of the columns that are converted.
    pub fn fields(&self) -> Vec<(&str, Option<&str>)> {
        let text = |column: &Column| !column.is_native();
        self.0.iter().map(|column| (column.name.as_str(), text(column).then_some(column.type_name.as_str()))).collect()
    }

    /// The statement with its columns called `c0`, `c1`, …, and with at most `rows` rows.
    pub fn select(&self, sql: &str, rows: usize) -> String {
        let names: Vec<String> = (0..self.0.len()).map(|index| format!("c{index}")).collect();
        let values = self.0.iter().zip(&names).map(|(column, name)| match column.is_native() {
            true => name.clone(),
            false => format!("{} AS {name}", column.column_type.as_text(name)),
        });
        let values = values.collect::<Vec<_>>().join(", ");
        format!("SELECT {values} FROM (\n{sql}\n) AS q({}) LIMIT {rows}", names.join(", "))
    }
}
