//! The audit log and the signing key.

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

/// An action, or a refused request.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditEntry {
    pub id: String,
    /// Place in the chain of hashes; null for rows of v0.35.
    pub seq: Option<i64>,
    pub timestamp: String,
    pub user_id: Option<String>,
    /// Null if no user was signed in, or the user was deleted.
    pub user_email: Option<String>,
    pub action: String,
    pub resource: Option<String>,
    /// Details: an object, or null.
    pub params: serde_json::Value,
    /// `ok`, or the reason why it failed.
    pub result: Option<String>,
    pub duration_ms: Option<i32>,
    pub hash: Option<String>,
}

/// `GET /api/admin/audit/verify`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditCheck {
    pub ok: bool,
    /// Number of rows that are intact.
    pub rows: i64,
    pub head: AuditHead,
    /// The first problem, and where it is.
    pub broken: Option<String>,
}

/// The last intact row. Stored elsewhere and passed as `head` later, it shows whether the log was truncated or replaced.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct AuditHead {
    pub seq: i64,
    pub hash: String,
}

/// `POST /api/admin/second-factor-key/rotate`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SecondFactorKeyRotated {
    pub message: String,
    /// How many second factors were encrypted with the new key.
    pub second_factors: usize,
}

/// `POST /api/admin/signing-key/rotate`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct KeyRotated {
    pub message: String,
    /// Until then, sessions that the previous key signed remain valid.
    pub previous_valid_until: Option<String>,
}
