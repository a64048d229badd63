//! The columns of a `SELECT` that has values which the engine has to convert to text.

use super::output::Values;
use super::types::ColumnType;
use crate::engine::{Connection, Result};

/// Types that [`super::rows`] reads as they are, without modifiers.
const NATIVE: &str = "BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT \
                      DOUBLE DECIMAL BLOB UUID DATE TIME TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS";

struct Column {
    name: String,
    type_name: String,
    column_type: ColumnType,
    is_native: bool,
}

impl Column {
    fn new(name: String, type_name: String, values: Values) -> Self {
        let column_type = ColumnType::parse(&type_name);
        // VARCHAR stands for types that cannot be parsed, too.
        let is_unknown = column_type == ColumnType::Scalar("VARCHAR".into()) && type_name != "VARCHAR";
        let is_native = !is_unknown && is_native(&column_type, values, false);
        Self { name, type_name, column_type, is_native }
    }
}

fn is_native(column: &ColumnType, values: Values, is_nested: bool) -> bool {
    let within = |inner: &ColumnType| values == Values::Native && is_native(inner, values, true);
    match column {
        ColumnType::Scalar(name) => match name.as_str() {
            "VARCHAR" | "TIMESTAMP WITH TIME ZONE" => true,
            "FLOAT" => values == Values::Native,
            // Their size is checked in columns only.
            "HUGEINT" | "UHUGEINT" => !is_nested,
            "ENUM" => is_nested,
            name => NATIVE.split_ascii_whitespace().any(|native| native == name),
        },
        ColumnType::List(item) | ColumnType::Array(item, _) => within(item),
        ColumnType::Struct(fields) => fields.iter().all(|(_, field)| within(field)),
        ColumnType::Map(key, value) => within(key) && within(value),
        ColumnType::Union(_) => false,
    }
}

pub struct Columns(Vec<Column>);

impl Columns {
    pub fn describe(connection: &Connection, sql: &str, values: Values) -> Result<Self> {
        let mut statement = connection.prepare(&format!("DESCRIBE (\n{sql}\n)"))?;
        let rows = statement.query_map([], |row| Ok(Column::new(row.get(0)?, row.get(1)?, values)))?;
        rows.collect::<Result<_>>().map(Self)
    }

    /// The names, of which some may be the same, and the types of the columns that are converted.
    pub fn fields(&self) -> Vec<(&str, Option<&str>)> {
        let text = |column: &Column| !column.is_native;
        self.0.iter().map(|column| (column.name.as_str(), text(column).then_some(column.type_name.as_str()))).collect()
    }

    /// The statement with its columns called `c0`, `c1`, …, and with at most `rows` rows.
    pub fn select(&self, sql: &str, rows: usize) -> String {
        let names: Vec<String> = (0..self.0.len()).map(|index| format!("c{index}")).collect();
        let values = self.0.iter().zip(&names).map(|(column, name)| match column.is_native {
            true => name.clone(),
            false => format!("{} AS {name}", column.column_type.as_text(name)),
        });
        let values = values.collect::<Vec<_>>().join(", ");
        format!("SELECT {values} FROM (\n{sql}\n) AS q({}) LIMIT {rows}", names.join(", "))
    }
}
