//! Sessions that were ended by signing out. A JWT cannot be revoked, so its id is remembered until it would have
//! expired.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Change, Reader, Result};
use crate::engine::{self, params};

pub(super) fn load(reader: &Reader<'_>) -> engine::Result<HashSet<String>> {
    reader.list("SELECT jti FROM revoked_sessions", [], |row| row.get(0))
}

/// Ends one session.
pub fn revoke(change: &Change<'_>, jti: &str, user_id: &str, expires_at: Timestamp) -> Result<()> {
    change.run(
        "INSERT INTO revoked_sessions (jti, user_id, expires_at) VALUES (?, ?, make_timestamp(?::BIGINT))",
        params![jti, user_id, expires_at.as_microsecond()],
    )
}

/// Deletes the ids of sessions that have expired.
pub(super) fn expire(change: &Change<'_>) -> Result<()> {
    let sql = "DELETE FROM revoked_sessions WHERE expires_at <= make_timestamp(?::BIGINT)";
    change.run(sql, [change.now.as_microsecond()])
}
