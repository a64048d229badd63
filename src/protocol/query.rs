use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Media types of results, beside JSON. That of Arrow has the parameters `codec` (`lz4`, `zstd`) and `values` (`native`,
/// `text`).
pub const ARROW: &str = "application/vnd.apache.arrow.stream";
pub const PARQUET: &str = "application/vnd.apache.parquet";
pub const CSV: &str = "text/csv";

/// How many rows a result that is not JSON has; a header of a short one, and a trailer of a long one.
pub const ROWS: &str = "x-agnes-rows";
/// Whether such a result lacks rows.
pub const TRUNCATED: &str = "x-agnes-truncated";

/// Rows returned when a request names no limit.
pub const DEFAULT_LIMIT: i64 = 1000;

/// `POST /api/query`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct QueryRequest {
    /// One `SELECT`.
    pub sql: String,
    /// Most rows that are returned: 0 to 100,000, or to 10,000,000 of a result that is not JSON.
    #[serde(default = "default_limit")]
    pub limit: i64,
}

fn default_limit() -> i64 {
    DEFAULT_LIMIT
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct QueryResponse {
    /// The engine's column names in order; duplicates are kept.
    pub columns: Vec<String>,
    /// Kept as they were sent: integers may have more digits than a double holds.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    pub rows: Vec<Vec<Box<RawValue>>>,
    pub row_count: usize,
    /// Whether there were more rows than `limit`.
    pub truncated: bool,
}
