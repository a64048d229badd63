use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::vocabulary::{QueryMode, SourceType, SyncStrategy};

/// A table that the caller may read.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct CatalogTable {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub source_type: Option<SourceType>,
    pub sync_strategy: Option<SyncStrategy>,
    pub query_mode: Option<QueryMode>,
}

/// `GET /api/catalog/tables`
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct CatalogTables {
    pub tables: Vec<CatalogTable>,
    pub count: usize,
}

/// `POST /api/catalog/profile/{table}/refresh`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Profiled {
    pub status: String,
    pub table: String,
    pub columns: usize,
}
