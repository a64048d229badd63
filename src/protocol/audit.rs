//! The audit log, and the key that signs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/admin/audit`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditPage {
    /// Newest first.
    pub entries: Vec<AuditEntry>,
    /// Number of entries on this page.
    pub count: usize,
    /// `before` of the next page; null at the end.
    pub next: Option<String>,
}

/// Something that somebody did, or was refused.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditEntry {
    pub id: String,
    /// Place in the chain of hashes; null for what v0.35 wrote.
    pub seq: Option<i64>,
    pub timestamp: String,
    pub user_id: Option<String>,
    /// Null when nobody was signed in, or the user is gone.
    pub user_email: Option<String>,
    pub action: String,
    pub resource: Option<String>,
    /// Details: an object, or null.
    pub params: serde_json::Value,
    /// `ok`, or why not.
    pub result: Option<String>,
    pub duration_ms: Option<i32>,
    pub hash: Option<String>,
}

/// `GET /api/admin/audit/verify`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditCheck {
    pub ok: bool,
    /// Rows that were found in order.
    pub rows: i64,
    pub head: AuditHead,
    /// The first thing that is wrong, and where.
    pub broken: Option<String>,
}

/// The last row in order. Kept elsewhere and given as `head` later, it shows whether the log was cut or written anew.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditHead {
    pub seq: i64,
    pub hash: String,
}

/// `POST /api/admin/signing-key/rotate`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct KeyRotated {
    pub message: String,
    /// Until then sessions that the key before signed go on.
    pub previous_valid_until: Option<String>,
}
