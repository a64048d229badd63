//! What Keboola says of the columns of a table.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::model::{DefinedColumn, Metadata, Table};

/// The providers of metadata that are trusted most, in order; others, such as extractors, come after them.
const PROVIDERS: [&str; 4] = ["user", "ai-metadata-enrichment", "keboola.snowflake-transformation", "storage"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// In Keboola.
    pub name: String,
    /// In the published table, where names that differ only in case would be one.
    pub published: String,
    pub kind: Kind,
    /// Whether the table has types of its own, and NULL beside the empty text.
    pub is_native: bool,
    /// Whether rows are merged by it.
    pub is_key: bool,
}

/// What a column holds by its definition or metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Varchar,
    BigInt,
    /// A number with nothing said about its digits.
    Number,
    /// The same, called a float by a table without types of its own.
    TextFloat,
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

/// As Keboola names it.
impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Varchar => "STRING",
            Self::BigInt => "INTEGER",
            Self::Number => "NUMERIC",
            Self::Decimal { precision, scale } => return write!(out, "NUMERIC({precision},{scale})"),
            Self::TextFloat | Self::Double => "FLOAT",
            Self::Boolean => "BOOLEAN",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::TimestampLocal => "TIMESTAMP_LTZ",
            Self::TimestampTz => "TIMESTAMP_TZ",
            Self::Blob => "BINARY",
        })
    }
}

impl Kind {
    /// The type that DuckDB gives a column that stays in Keboola.
    pub fn sql(self) -> String {
        match self {
            Self::Varchar => "VARCHAR".into(),
            Self::BigInt => "BIGINT".into(),
            Self::Number | Self::TextFloat | Self::Double => "DOUBLE".into(),
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
    let is_native = table.is_typed.unwrap_or(!defined.is_empty());
    let published = published(&table.columns);
    table
        .columns
        .iter()
        .zip(published)
        .map(|(name, published)| {
            let kind = match defined.get(name.as_str()) {
                Some(column) => of_definition(column),
                None => of_any_metadata(table, name),
            };
            Column { name: name.clone(), published, kind, is_native, is_key: false }
        })
        .collect()
}

/// Names that differ in more than upper and lower case.
fn published(names: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let mut seen = HashSet::new();
    names
        .iter()
        .map(|name| {
            if seen.insert(name.to_lowercase()) {
                return name.clone();
            }
            let mut other = name.clone();
            for number in 1.. {
                other = format!("{name}_{number}");
                if taken.insert(other.to_lowercase()) {
                    break;
                }
            }
            other
        })
        .collect()
}

/// By the column's own metadata, else that of the table behind an alias.
fn of_any_metadata(table: &Table, column: &str) -> Kind {
    let source = table.source_table.as_ref().map(|source| &source.column_metadata);
    [Some(&table.column_metadata), source]
        .into_iter()
        .flatten()
        .filter_map(|columns| columns.get(column))
        .find_map(|list| of_metadata(list))
        .unwrap_or(Kind::Varchar)
}

fn of_metadata(list: &[Metadata]) -> Option<Kind> {
    let others = list.iter().filter_map(|entry| entry.provider.as_deref());
    PROVIDERS.into_iter().chain(others).find_map(|provider| {
        let value = |key: &str| {
            list.iter()
                .find(|entry| entry.provider.as_deref() == Some(provider) && entry.key == key)
                .and_then(|entry| entry.value.as_deref())
        };
        let length = value("KBC.datatype.length");
        value("KBC.datatype.basetype")
            .map(|name| base(name, length))
            .or_else(|| value("KBC.datatype.type").map(|name| native(name, length, None, Kind::TextFloat)))
    })
}

fn of_definition(column: &DefinedColumn) -> Kind {
    match &column.definition {
        Some(definition) => {
            native(&definition.name, definition.length.as_deref(), column.basetype.as_deref(), Kind::Double)
        }
        None => column.basetype.as_deref().map_or(Kind::Varchar, |name| base(name, None)),
    }
}

/// Keboola's own backend-independent types. The length is that of the type at the backend.
fn base(name: &str, length: Option<&str>) -> Kind {
    native(name, length, None, Kind::TextFloat)
}

/// Types of the backends (Snowflake's names, BigQuery's where they differ). Where values are text, `float` is decided like any
/// other number.
fn native(name: &str, length: Option<&str>, basetype: Option<&str>, float: Kind) -> Kind {
    match name.to_ascii_uppercase().as_str() {
        "INTEGER" | "BIGINT" | "INT" | "SMALLINT" | "TINYINT" | "BYTEINT" | "INT64" => Kind::BigInt,
        "NUMERIC" | "DECIMAL" | "NUMBER" | "BIGNUMERIC" => match length.and_then(precision_and_scale) {
            Some((_, 0)) => Kind::BigInt,
            Some((precision, scale)) => Kind::Decimal { precision, scale },
            // Without a length, only the base type distinguishes whole numbers.
            None if basetype.is_some_and(|base| base.eq_ignore_ascii_case("INTEGER")) => Kind::BigInt,
            None => Kind::Number,
        },
        "FLOAT" | "DOUBLE" | "REAL" | "FLOAT4" | "FLOAT8" | "FLOAT64" | "DOUBLE PRECISION" => float,
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
                Kind::Number,
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
                "b": [noted("keboola.ex-db-mysql", "type", "INT"), noted("keboola.ex-db-mysql", "basetype", "DATE")],
                "c": [noted("user", "type", "NUMBER"), noted("user", "length", "10,3")],
            },
            "sourceTable": {"columnMetadata": {
                "a": [noted("user", "basetype", "FLOAT")], "d": [noted("user", "basetype", "NUMERIC")]}}});
        let expected =
            [Kind::BigInt, Kind::Date, Kind::Decimal { precision: 10, scale: 3 }, Kind::Number, Kind::Varchar];
        assert_eq!(kinds(table), expected);
        let bare = serde_json::json!({"id": "a.b", "name": "b", "columns": ["a"], "columnMetadata": []});
        assert_eq!(kinds(bare), [Kind::Varchar]);
        let long = ["38,0", "20,2", "65,30", "11"].map(|length| {
            let entries =
                [noted("x", "basetype", "NUMERIC"), noted("x", "type", "NUMBER"), noted("x", "length", length)];
            of_metadata(&entries.map(|entry| serde_json::from_value(entry).unwrap()))
        });
        let decimal = Kind::Decimal { precision: 20, scale: 2 };
        assert_eq!(long, [Some(Kind::BigInt), Some(decimal), Some(Kind::Number), Some(Kind::BigInt)]);
    }

    #[test]
    fn names_that_differ_in_case_are_told_apart() {
        let names = |names: &[&str]| published(&names.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(names(&["Id", "id", "note", "ID"]), ["Id", "id_1", "note", "ID_2"]);
        assert_eq!(names(&["id", "ID", "Id_1"]), ["id", "ID_2", "Id_1"]);
    }
}
