use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};

use super::file_format::FileFormat;
use super::sync_options::SyncOptions;
use super::vocabulary::{QueryMode, SourceType, SyncStrategy};

/// A row of the table registry.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TableRow {
    pub id: String,
    pub name: String,
    pub source_type: Option<SourceType>,
    pub bucket: Option<String>,
    pub source_table: Option<String>,
    pub source_query: Option<String>,
    pub sync_strategy: Option<SyncStrategy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_options: Option<SyncOptions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_format: Option<FileFormat>,
    pub query_mode: Option<QueryMode>,
    pub sync_schedule: Option<String>,
    pub profile_after_sync: bool,
    pub primary_key: Vec<String>,
    pub folder: Option<String>,
    pub description: Option<String>,
    pub registered_by: Option<String>,
    pub registered_at: Option<String>,
    pub last_sync_error: Option<String>,
}

/// `GET /api/admin/registry`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct TableList {
    pub tables: Vec<TableRow>,
    pub count: usize,
}

/// `POST /api/admin/register-table`
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct RegisterTable {
    pub name: String,
    pub source_type: Option<SourceType>,
    pub bucket: Option<String>,
    pub source_table: Option<String>,
    pub source_query: Option<String>,
    pub query_mode: Option<QueryMode>,
    pub sync_schedule: Option<String>,
    pub sync_strategy: Option<SyncStrategy>,
    pub sync_options: Option<SyncOptions>,
    /// Only of tables that are made from files.
    pub file_format: Option<FileFormat>,
    #[serde(default, deserialize_with = "one_or_many")]
    #[schema(schema_with = name_or_names)]
    pub primary_key: Option<Vec<String>>,
    pub folder: Option<String>,
    pub description: Option<String>,
}

/// `POST /api/admin/register-table/precheck`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Precheck {
    pub ok: bool,
    pub table: PrecheckedTable,
}

/// A table as it would be registered.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct PrecheckedTable {
    pub name: String,
    pub source_type: Option<SourceType>,
    pub bucket: Option<String>,
    pub source_table: Option<String>,
    pub query_mode: Option<QueryMode>,
    pub source_query: Option<String>,
    /// Known only after the first sync.
    pub rows: Option<i64>,
    pub size_bytes: Option<i64>,
    pub columns: Vec<String>,
    pub note: String,
}

/// Response to a registration.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Registered {
    pub id: String,
    pub name: String,
    pub status: String,
}

/// `PUT /api/admin/registry/{id}`: absent or null leaves a field as it is, `""` or `[]` clears it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct UpdateTable {
    pub name: Option<String>,
    pub sync_strategy: Option<SyncStrategy>,
    #[serde(deserialize_with = "one_or_many")]
    #[schema(schema_with = name_or_names)]
    pub primary_key: Option<Vec<String>>,
    pub description: Option<String>,
    pub source_type: Option<SourceType>,
    pub bucket: Option<String>,
    pub source_table: Option<String>,
    pub source_query: Option<String>,
    pub query_mode: Option<QueryMode>,
    pub sync_schedule: Option<String>,
    pub profile_after_sync: Option<bool>,
    pub folder: Option<String>,
    /// `{}` clears.
    pub sync_options: Option<SyncOptions>,
    /// Replaces what was declared; `{}` clears. Only of tables that are made from files.
    pub file_format: Option<FileFormat>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Updated {
    pub id: String,
    /// Names of the fields that were sent, in the order of [`UpdateTable`].
    pub updated: Vec<String>,
}

/// Answer of `PATCH /api/admin/registry/{id}/types`: what is declared now.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct DeclaredFormat {
    pub id: String,
    pub name: String,
    pub file_format: FileFormat,
}

/// `GET /api/admin/registry/{id}/types`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct TableTypes {
    pub id: String,
    pub name: String,
    /// What is declared, as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_format: Option<FileFormat>,
    /// In the order of the table; behind them what is declared for columns that it does not have.
    pub columns: Vec<ColumnType>,
}

/// The type of a column, and why it has that type.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct ColumnType {
    pub name: String,
    /// As DuckDB names it; absent if the table has no such column.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What is declared in the registry; the next sync applies it.
    pub declared: Option<String>,
    /// Whether `type` is what was declared at the last sync.
    pub is_declared: bool,
    /// The values that were not empty, if they were counted.
    pub values: Option<u64>,
    pub why: String,
}

/// A list of column names; a bare text is one name.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(Option::<OneOrMany>::deserialize(deserializer)?.map(|value| match value {
        OneOrMany::One(name) => vec![name],
        OneOrMany::Many(names) => names,
    }))
}

/// The schema of what [`one_or_many`] reads.
fn name_or_names() -> Schema {
    let names = ArrayBuilder::new().schema_type(SchemaType::from_iter([Type::Array, Type::String, Type::Null]));
    names.items(ObjectBuilder::new().schema_type(Type::String)).into()
}
