use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Rows returned when a request names no limit.
pub const DEFAULT_LIMIT: i64 = 1000;

/// `POST /api/query`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct QueryRequest {
    /// One `SELECT`.
    pub sql: String,
    /// Most rows that are returned, 0 to 100,000.
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
