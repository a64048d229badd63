//! The access log: who read which tables.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/admin/access-log`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AccessLogPage {
    /// Newest first.
    pub entries: Vec<DataAccess>,
    /// Whether there are older entries that match.
    pub truncated: bool,
    /// Reads since the start of the server that are missing, because the disk did not keep up or failed.
    pub dropped: u64,
}

/// One request that read data, or tried to; a line of the log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct DataAccess {
    /// When the last byte was sent, in UTC.
    pub at: String,
    pub request_id: Option<String>,
    pub user_id: String,
    pub user_email: String,
    /// `session`, `token`, `scheduler` or `development`.
    pub by: String,
    /// The personal token that was used.
    pub token_id: Option<String>,
    pub ip: Option<String>,
    /// `download`, `part`, `query` or `profile`.
    pub action: String,
    /// The names of the tables.
    pub tables: Vec<String>,
    /// The number of rows, where it is known.
    pub rows: Option<u64>,
    /// Bytes of the body that were sent, before compression.
    pub bytes: u64,
    pub status: u16,
    /// From the request to the last byte.
    pub duration_ms: f64,
    /// Whether the whole body was sent.
    pub complete: bool,
    /// SHA-256 of the SQL as it was sent, in hex. The text itself may contain personal data.
    pub query_sha256: Option<String>,
}
