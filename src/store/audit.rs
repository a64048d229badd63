//! The audit log: one row per change, written in the same transaction.

use super::{Change, StoreError};
use crate::base::random;
use crate::engine::params;

/// Records that `user_id` did `action` to `resource`.
pub fn record(
    change: &Change<'_>,
    user_id: Option<&str>,
    action: &str,
    resource: &str,
    details: Option<&serde_json::Value>,
    result: Option<&str>,
) -> Result<(), StoreError> {
    change.execute(
        "INSERT INTO audit_log (id, timestamp, user_id, action, resource, params, result)
         VALUES (?, make_timestamp(?::BIGINT), ?, ?, ?, ?, ?)",
        params![
            random::uuid(),
            change.now.as_microsecond(),
            user_id,
            action,
            resource,
            details.map(ToString::to_string),
            result
        ],
    )?;
    Ok(())
}
