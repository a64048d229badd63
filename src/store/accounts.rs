//! Activation, deactivation and deletion of users. The rules are those of `domain::accounts`.

use super::groups::personal;
use super::{Change, Result, groups, users};
use crate::engine::params;

/// Activates a user.
pub fn activate(change: &Change<'_>, id: &str) -> Result<()> {
    change.run(
        "UPDATE users SET active = true, deactivated_at = NULL, deactivated_by = NULL,
             updated_at = make_timestamp(?::BIGINT)
         WHERE id = ?",
        params![change.now.as_microsecond(), id],
    )
}

/// Deactivates a user on behalf of the user `by`: sessions and personal tokens end.
pub fn deactivate(change: &Change<'_>, id: &str, by: &str) -> Result<()> {
    let now = change.now.as_microsecond();
    // Of a user who is inactive already, the first time and author stay recorded.
    change.run(
        "UPDATE users SET active = false, deactivated_at = make_timestamp(?::BIGINT), deactivated_by = ?,
             updated_at = make_timestamp(?::BIGINT)
         WHERE id = ? AND active",
        params![now, by, now, id],
    )?;
    users::end_tokens(change, id)
}

/// What belongs to one person and is deleted with them.
const PERSONAL: &str = "\
    personal_access_tokens user_sessions second_factors recovery_codes user_group_members user_sync_settings knowledge_votes telegram_links access_requests";

/// Deletes a user with everything personal. One-time tokens are in the user's own row. The audit log stays.
pub fn delete(change: &Change<'_>, id: &str) -> Result<()> {
    if let Some(group) = personal::find(change, id)? {
        groups::delete(change, &group)?;
    }
    for table in PERSONAL.split_whitespace() {
        change.run(&format!("DELETE FROM {table} WHERE user_id = ?"), [id])?;
    }
    change.run("DELETE FROM users WHERE id = ?", [id])
}
