//! Files that come with a request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::file_format::{FileFormat, FormatChanges};

/// The `Content-Encoding` of forms that are compressed.
pub const GZIP: &str = "gzip";

/// Form of `POST /api/upload/tables/{name}`, which is read field by field.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document")]
pub struct UploadForm {
    /// A file with a name that ends in `.csv`, `.csv.gz`, `.tsv`, `.tsv.gz` or `.parquet`.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
    /// How the file is read.
    file_format: Option<FileFormat>,
    /// What changes in the way the file is read.
    file_format_changes: Option<FormatChanges>,
}

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
