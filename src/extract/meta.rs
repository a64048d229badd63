use jiff::Timestamp;

use crate::protocol::vocabulary::QueryMode;

/// One row of `_meta`.
#[derive(Clone, Debug, PartialEq)]
pub struct TableMeta {
    /// Name of the view, of the parquet file and of the published table.
    pub table_name: String,
    pub description: Option<String>,
    pub rows: i64,
    pub size_bytes: i64,
    /// When the data was read from its source, UTC. One value per run.
    pub extracted_at: Option<Timestamp>,
    pub query_mode: QueryMode,
}
