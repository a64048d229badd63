//! `/api/v2/…`: the tables that a caller may read, their columns, a few rows, and filtered extracts of one table.
//!
//! A server of v0.35 sends no optional fields other than `rough_size_hint`, `partition_by` and those of estimates.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::vocabulary::{QueryMode, SourceType, SqlFlavor};

/// `GET /api/v2/catalog`, in order of names.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Catalog {
    pub tables: Vec<CatalogEntry>,
    pub server_time: String,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct CatalogEntry {
    /// What `schema`, `sample` and `scan` are asked for.
    pub id: String,
    pub name: String,
    pub description: String,
    pub source_type: SourceType,
    pub query_mode: QueryMode,
    /// Of the predicates of a scan.
    pub sql_flavor: SqlFlavor,
    pub where_examples: Vec<String>,
    /// How to get at the rows, for a reader.
    pub fetch_via: String,
    /// Always null.
    pub rough_size_hint: Option<u64>,
    /// Null if nothing is published, or if the rows are at the source.
    #[serde(default)]
    pub rows: Option<u64>,
    /// Of the files.
    #[serde(default)]
    pub size_bytes: Option<u64>,
    /// How many columns; null if that is not known.
    #[serde(default)]
    pub columns: Option<usize>,
    /// When the rows were read from the source; null if they never were.
    #[serde(default)]
    pub last_sync: Option<String>,
    /// How many files a table in parts has; null for any other.
    #[serde(default)]
    pub parts: Option<usize>,
    /// As OpenMetadata says; this and the next two are absent if it does not know the table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// How important the table is, e.g. `Tier1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Its page in OpenMetadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog_url: Option<String>,
}

/// `GET /api/v2/schema/{table_id}`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TableSchema {
    pub table_id: String,
    pub source_type: SourceType,
    pub sql_flavor: SqlFlavor,
    pub columns: Vec<SchemaColumn>,
    pub partition_by: Option<String>,
    pub clustered_by: Vec<String>,
    pub where_dialect_hints: BTreeMap<String, String>,
    #[serde(default)]
    pub description: Option<String>,
    /// Null if the rows are at the source.
    #[serde(default)]
    pub rows: Option<u64>,
    #[serde(default)]
    pub size_bytes: Option<u64>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SchemaColumn {
    pub name: String,
    /// As DuckDB writes it, e.g. `DECIMAL(12,2)` or `STRUCT(a INTEGER, b VARCHAR)`.
    #[serde(rename = "type")]
    pub column_type: String,
    pub nullable: bool,
    /// Empty if it has none.
    pub description: String,
}

/// `GET /api/v2/sample/{table_id}`: the first rows, each an object.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Sample {
    pub table_id: String,
    /// Kept as they were sent: integers may have more digits than a double holds.
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<Box<RawValue>>,
    pub source: SourceType,
    /// Whether rows were left out because they are large.
    #[serde(default)]
    pub truncated: bool,
}

/// `POST /api/v2/scan` and `POST /api/v2/scan/estimate`
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct ScanRequest {
    pub table_id: String,
    /// Names of columns; all if there are none.
    pub select: Option<Vec<String>>,
    /// A predicate, without `WHERE`.
    #[serde(rename = "where")]
    pub predicate: Option<String>,
    /// Most rows, 1 at least.
    #[schema(minimum = 1)]
    pub limit: Option<i64>,
    /// Names of columns, each with an optional `ASC` or `DESC`.
    pub order_by: Option<Vec<String>>,
}

/// What a scan would read and return.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ScanEstimate {
    pub table_id: String,
    /// What a warehouse would charge for; 0 for the tables that this server holds.
    pub estimated_scan_bytes: u64,
    /// The most rows: a predicate may leave fewer.
    pub estimated_result_rows: Option<u64>,
    /// In proportion to the rows and columns of the files of the table, which are compressed.
    pub estimated_result_bytes: Option<u64>,
    pub bq_cost_estimate_usd: f64,
}

/// `detail` of a request that was refused.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Rejection {
    /// `validator_rejected`, …
    pub error: String,
    /// What is wrong, e.g. `nested_select`.
    #[serde(default)]
    pub kind: String,
    /// For a reader.
    #[serde(default)]
    pub message: String,
    /// E.g. the `function` or `column`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub details: serde_json::Map<String, serde_json::Value>,
}

/// `detail` of a 429 of `POST /api/v2/scan`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct QuotaExceeded {
    /// `quota_exceeded`
    pub error: String,
    /// `daily_bytes` or `concurrent_scans`
    pub kind: String,
    pub current: u64,
    pub limit: u64,
    /// 0 if a scan may end at any time.
    pub retry_after_seconds: u64,
}
