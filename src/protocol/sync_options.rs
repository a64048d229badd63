use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a sync strategy works on one table (`sync_options` of a registry row). Absent fields have their defaults.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyncOptions {
    /// Days before the watermark that an incremental export reads again; 1 unless given.
    pub incremental_window_days: Option<u32>,
    /// The columns to fetch; all of them when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Conditions on rows, which all have to hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub where_filters: Vec<WhereFilter>,
    /// Column whose value decides the partition of a row; needed by the strategy `partitioned`.
    pub partition_by: Option<String>,
    pub partition_granularity: Option<Granularity>,
    /// Days of import time that one export of a first load covers; everything at once unless given.
    pub initial_load_chunk_days: Option<u32>,
    /// Days of import time that a first load goes back; without limit unless given.
    pub max_history_days: Option<u32>,
    /// Days after which an incremental table is loaded whole again, since increments do not contain deleted rows; 7
    /// unless given, 0 for never.
    pub full_refresh_every_days: Option<u32>,
}

/// A condition as the Storage API takes it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhereFilter {
    pub column: String,
    #[serde(default)]
    pub operator: Operator,
    pub values: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    #[default]
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// How much time a partition covers.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// `2026-11-26`
    Day,
    /// `2026-11`
    #[default]
    Month,
    /// `2026`
    Year,
}
