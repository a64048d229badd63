//! What a source offers, and descriptions sent there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::vocabulary::SourceType;

/// `GET /api/admin/discover-tables`
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Discovered {
    pub tables: Vec<DiscoveredTable>,
    pub count: usize,
    pub source: SourceType,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A table at its source.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct DiscoveredTable {
    /// With its bucket, e.g. `in.c-crm.orders`.
    pub id: String,
    pub name: String,
    pub bucket_id: String,
    pub bucket_name: String,
    pub columns: Vec<String>,
    pub row_count: Option<u64>,
    pub size_bytes: Option<u64>,
    pub primary_key: Vec<String>,
    pub last_change: Option<String>,
    pub last_import: Option<String>,
}

/// `POST /api/admin/discover-and-register`
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct DiscoveredAndRegistered {
    pub registered: usize,
    /// Number of tables that were registered already.
    pub skipped: usize,
    pub errors: usize,
    /// Ids of the new rows.
    pub tables: Vec<String>,
    pub source: SourceType,
    /// Tables that got another name, since theirs was taken or is not valid here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// What to do if the main data source has no tables to register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Renamed {
    /// At the source.
    pub id: String,
    /// Here.
    pub name: String,
}

/// `POST /api/admin/metadata/{table}/push`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Pushed {
    pub status: String,
    /// Number of columns.
    pub pushed: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
