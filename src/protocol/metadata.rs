//! What is known about the columns of tables beside their types.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/admin/metadata/{table}`, in order of column names.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TableMetadata {
    pub table_id: String,
    pub columns: Vec<ColumnMetadata>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ColumnMetadata {
    pub table_id: String,
    pub column_name: String,
    /// The type at its source, such as `INTEGER`.
    pub basetype: Option<String>,
    pub description: Option<String>,
    /// `manual`, or how sure the author of the description was.
    pub confidence: Option<String>,
    /// Who wrote it: `manual`, `ai_enrichment` …
    pub source: Option<String>,
    pub updated_at: Option<String>,
}

/// `POST /api/admin/metadata/{table}`. Columns that are not listed stay as they are.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct DescribeColumns {
    pub columns: Vec<DescribeColumn>,
    /// Who wrote the descriptions; `manual` if absent.
    #[serde(default = "manual")]
    pub source: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct DescribeColumn {
    pub column_name: String,
    #[serde(default)]
    pub basetype: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    /// `manual` if absent.
    #[serde(default = "manual")]
    pub confidence: Option<String>,
}

fn manual() -> Option<String> {
    Some("manual".into())
}

/// The answer to [`DescribeColumns`].
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ColumnsDescribed {
    pub status: String,
    pub count: usize,
}
