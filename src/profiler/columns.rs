//! The columns of a table and their categories.

use crate::base::ident::quote_ident;
use crate::engine::{self, Connection};

#[derive(Debug)]
pub struct Column {
    pub name: String,
    /// DuckDB's name of the type.
    pub kind: String,
    pub category: Category,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Numeric,
    String,
    Date,
    Timestamp,
    Boolean,
}

impl Category {
    pub fn name(self) -> &'static str {
        match self {
            Self::Numeric => "NUMERIC",
            Self::String => "STRING",
            Self::Date => "DATE",
            Self::Timestamp => "TIMESTAMP",
            Self::Boolean => "BOOLEAN",
        }
    }

    fn of(kind: &str) -> Self {
        let plain = kind.split('(').next().unwrap_or_default();
        match plain {
            "BOOLEAN" => Self::Boolean,
            "DATE" => Self::Date,
            "FLOAT" | "DOUBLE" | "REAL" | "DECIMAL" | "NUMERIC" | "HUGEINT" | "UHUGEINT" | "BIGNUM" => Self::Numeric,
            // A list or struct of times is not a time.
            _ if plain.starts_with("TIMESTAMP") && !kind.ends_with(']') => Self::Timestamp,
            _ if plain.ends_with("INT") || plain.ends_with("INTEGER") => Self::Numeric,
            _ => Self::String,
        }
    }
}

impl Column {
    pub fn quoted(&self) -> String {
        quote_ident(&self.name)
    }

    /// SQL for its value as text.
    pub fn text(&self) -> String {
        self.text_of(&self.quoted())
    }

    /// SQL for `value`, an expression of the column's type or already text, as text.
    pub fn text_of(&self, value: &str) -> String {
        match self.kind.as_str() {
            "VARCHAR" => value.to_owned(),
            "BOOLEAN" => format!("CASE WHEN {value} THEN 'True' WHEN NOT {value} THEN 'False' END"),
            _ => format!("CAST({value} AS VARCHAR)"),
        }
    }
}

pub fn of(connection: &Connection, rows: &str) -> engine::Result<Vec<Column>> {
    connection
        .prepare(&format!("DESCRIBE SELECT * FROM {rows}"))?
        .query_map([], |row| {
            let kind: String = row.get(1)?;
            Ok(Column { name: row.get(0)?, category: Category::of(&kind), kind })
        })?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories() {
        for (kind, category) in [
            ("BIGINT", Category::Numeric),
            ("UTINYINT", Category::Numeric),
            ("DECIMAL(18,3)", Category::Numeric),
            ("HUGEINT", Category::Numeric),
            ("TIMESTAMP WITH TIME ZONE", Category::Timestamp),
            ("TIMESTAMP_NS", Category::Timestamp),
            ("TIMESTAMP[]", Category::String),
            ("INTEGER[]", Category::String),
            ("STRUCT(a INTEGER)", Category::String),
            ("INTERVAL", Category::String),
            ("BLOB", Category::String),
            ("DATE", Category::Date),
            ("BOOLEAN", Category::Boolean),
        ] {
            assert_eq!(Category::of(kind), category, "{kind}");
        }
    }
}
