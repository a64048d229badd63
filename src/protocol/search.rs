//! `GET /api/catalog/search`: tables, columns and metrics by what they are called and what is said about them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::vocabulary::{QueryMode, SourceType};

/// The best matches first.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct CatalogMatches {
    pub matches: Vec<CatalogMatch>,
    /// How many match in all.
    pub total: usize,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum CatalogMatch {
    Table(TableMatch),
    Metric(MetricMatch),
}

/// A table that matches by its name, its description or its columns.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TableMatch {
    pub id: String,
    /// Its name in SQL.
    pub name: String,
    pub description: Option<String>,
    pub source_type: Option<SourceType>,
    pub query_mode: Option<QueryMode>,
    /// Those that match, the best first; empty if only the table itself does.
    pub columns: Vec<ColumnMatch>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ColumnMatch {
    pub name: String,
    #[serde(rename = "type")]
    pub column_type: String,
    pub description: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct MetricMatch {
    /// `category/name`.
    pub id: String,
    pub display_name: String,
    pub description: Option<String>,
    pub unit: Option<String>,
    /// The table that it is computed from.
    pub table: Option<String>,
    /// What it can be broken down by.
    pub dimensions: Vec<String>,
}
