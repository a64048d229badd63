//! Files that come with a request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `POST /api/upload/tables/{name}`.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct UploadedTable {
    /// Registry id, on which grants are made.
    pub id: String,
    pub name: String,
    pub rows: i64,
    /// Size of the uploaded file.
    pub size_bytes: u64,
    pub columns: Vec<Column>,
    /// `registered`, or `updated` where the table was there.
    pub status: String,
    /// What is worth knowing about how the file was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The sync run that publishes it, for `GET /api/sync/runs/{id}`.
    pub run_id: String,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Column {
    pub name: String,
    /// As DuckDB names it.
    #[serde(rename = "type")]
    pub kind: String,
}
