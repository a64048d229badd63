//! The types of columns.

use std::collections::HashMap;

use super::model::{DefinedColumn, Metadata, Table};

/// The providers of metadata that count, the most trusted first.
const PROVIDERS: [&str; 4] = ["user", "ai-metadata-enrichment", "keboola.snowflake-transformation", "storage"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// The types of the published parquet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Varchar,
    BigInt,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Boolean,
    Date,
    Time,
    Timestamp,
    /// With an offset at the source; published as UTC without one.
    TimestampLocal,
    TimestampTz,
    Blob,
}

impl Kind {
    /// As DuckDB names it.
    pub fn sql(self) -> String {
        match self {
            Self::Varchar => "VARCHAR".into(),
            Self::BigInt => "BIGINT".into(),
            Self::Double => "DOUBLE".into(),
            Self::Decimal { precision, scale } => format!("DECIMAL({precision}, {scale})"),
            Self::Boolean => "BOOLEAN".into(),
            Self::Date => "DATE".into(),
            Self::Time => "TIME".into(),
            Self::Timestamp | Self::TimestampLocal => "TIMESTAMP".into(),
            Self::TimestampTz => "TIMESTAMPTZ".into(),
            Self::Blob => "BLOB".into(),
        }
    }
}

/// Columns of a table, in its order.
pub fn columns(table: &Table) -> Vec<Column> {
    let defined: HashMap<&str, &DefinedColumn> =
        table.definition.iter().flat_map(|definition| &definition.columns).map(|c| (c.name.as_str(), c)).collect();
    table
        .columns
        .iter()
        .map(|name| {
            let kind = match defined.get(name.as_str()) {
                Some(column) => of_definition(column),
                None => metadata(table, name).and_then(of_metadata).unwrap_or(Kind::Varchar),
            };
            Column { name: name.clone(), kind }
        })
        .collect()
}

/// The column's own metadata, else that of the table behind an alias.
fn metadata<'a>(table: &'a Table, column: &str) -> Option<&'a [Metadata]> {
    let source = table.source_table.as_ref().map(|source| &source.column_metadata);
    [Some(&table.column_metadata), source]
        .into_iter()
        .flatten()
        .filter_map(|columns| columns.get(column))
        .map(Vec::as_slice)
        .find(|list| list.iter().any(|entry| entry.key.starts_with("KBC.datatype.")))
}

fn of_metadata(list: &[Metadata]) -> Option<Kind> {
    PROVIDERS.into_iter().find_map(|provider| {
        let value = |key: &str| {
            list.iter()
                .find(|entry| entry.provider.as_deref() == Some(provider) && entry.key == key)
                .and_then(|entry| entry.value.as_deref())
        };
        value("KBC.datatype.basetype")
            .map(base)
            .or_else(|| value("KBC.datatype.type").map(|name| native(name, value("KBC.datatype.length"), None)))
    })
}

fn of_definition(column: &DefinedColumn) -> Kind {
    match &column.definition {
        Some(definition) => native(&definition.name, definition.length.as_deref(), column.basetype.as_deref()),
        None => column.basetype.as_deref().map_or(Kind::Varchar, base),
    }
}

/// Keboola's own backend-independent types.
fn base(name: &str) -> Kind {
    match name.to_ascii_uppercase().as_str() {
        "NUMERIC" | "DECIMAL" | "NUMBER" => Kind::Double,
        other => native(other, None, None),
    }
}

/// Types of the backends (Snowflake's names, BigQuery's where they differ).
fn native(name: &str, length: Option<&str>, basetype: Option<&str>) -> Kind {
    match name.to_ascii_uppercase().as_str() {
        "INTEGER" | "BIGINT" | "INT" | "SMALLINT" | "TINYINT" | "BYTEINT" | "INT64" => Kind::BigInt,
        "NUMERIC" | "DECIMAL" | "NUMBER" | "BIGNUMERIC" => match length.and_then(precision_and_scale) {
            Some((_, 0)) => Kind::BigInt,
            Some((precision, scale)) => Kind::Decimal { precision, scale },
            // Without a length, only the base type distinguishes whole numbers.
            None if basetype.is_some_and(|base| base.eq_ignore_ascii_case("INTEGER")) => Kind::BigInt,
            None => Kind::Double,
        },
        "FLOAT" | "DOUBLE" | "REAL" | "FLOAT4" | "FLOAT8" | "FLOAT64" | "DOUBLE PRECISION" => Kind::Double,
        "BOOLEAN" | "BOOL" => Kind::Boolean,
        "DATE" => Kind::Date,
        "TIME" => Kind::Time,
        "TIMESTAMP" | "TIMESTAMP_NTZ" | "DATETIME" => Kind::Timestamp,
        "TIMESTAMP_LTZ" => Kind::TimestampLocal,
        "TIMESTAMP_TZ" => Kind::TimestampTz,
        "BINARY" | "VARBINARY" => Kind::Blob,
        _ => Kind::Varchar,
    }
}

/// `38,2` or `38`; `None` for what DuckDB's DECIMAL cannot hold.
fn precision_and_scale(length: &str) -> Option<(u8, u8)> {
    let (precision, scale) = length.split_once(',').unwrap_or((length, "0"));
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    ((1..=38).contains(&precision) && scale <= precision).then_some((precision, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(table: serde_json::Value) -> Vec<Kind> {
        columns(&serde_json::from_value(table).unwrap()).into_iter().map(|column| column.kind).collect()
    }

    fn noted(provider: &str, key: &str, value: &str) -> serde_json::Value {
        serde_json::json!({"key": format!("KBC.datatype.{key}"), "value": value, "provider": provider})
    }

    #[test]
    fn typed_tables_use_their_definition() {
        let column = |name: &str, kind: &str, length: Option<&str>, base: &str| serde_json::json!({"name": name, "definition": {"type": kind, "length": length}, "basetype": base});
        let table = serde_json::json!({
            "id": "in.c-a.b", "name": "b", "columns": ["d", "n", "m", "i", "t", "v", "x"],
            "columnMetadata": {"n": [noted("user", "basetype", "DATE")]},
            "definition": {"columns": [
                column("n", "NUMBER", Some("38,0"), "NUMERIC"), column("d", "DECIMAL", Some("12,2"), "NUMERIC"),
                column("m", "NUMBER", None, "NUMERIC"), column("i", "NUMBER", None, "INTEGER"),
                column("t", "TIMESTAMP_TZ", Some("9"), "TIMESTAMP"), column("v", "VARIANT", None, "STRING"),
                {"name": "x", "definition": null, "basetype": "boolean"}]}});
        assert_eq!(
            kinds(table),
            [
                Kind::Decimal { precision: 12, scale: 2 },
                Kind::BigInt,
                Kind::Double,
                Kind::BigInt,
                Kind::TimestampTz,
                Kind::Varchar,
                Kind::Boolean
            ]
        );
    }

    #[test]
    fn metadata_counts_by_provider_and_an_alias_asks_its_source() {
        let table = serde_json::json!({
            "id": "in.c-a.b", "name": "b", "columns": ["a", "b", "c", "d", "e"],
            "columnMetadata": {
                "a": [noted("keboola.snowflake-transformation", "basetype", "DATE"), noted("user", "type", "int")],
                "b": [noted("somebody", "basetype", "DATE")],
                "c": [noted("user", "type", "NUMBER"), noted("user", "length", "10,3")],
            },
            "sourceTable": {"columnMetadata": {
                "a": [noted("user", "basetype", "FLOAT")], "d": [noted("user", "basetype", "NUMERIC")]}}});
        let expected =
            [Kind::BigInt, Kind::Varchar, Kind::Decimal { precision: 10, scale: 3 }, Kind::Double, Kind::Varchar];
        assert_eq!(kinds(table), expected);
        let bare = serde_json::json!({"id": "a.b", "name": "b", "columns": ["a"], "columnMetadata": []});
        assert_eq!(kinds(bare), [Kind::Varchar]);
    }
}
