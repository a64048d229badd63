//! What happens to an account after it was made: names, activity, the end.

use super::groups::personal;
use super::{Change, SCHEDULER_EMAIL, StoreError, groups, members, users};
use crate::engine::params;

/// Gives a user another display name.
pub fn rename(change: &Change<'_>, id: &str, name: &str) -> Result<(), StoreError> {
    let changed = change.execute(
        "UPDATE users SET name = ?, updated_at = make_timestamp(?::BIGINT) WHERE id = ?",
        params![name, change.now.as_microsecond(), id],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound("User not found".into()));
    }
    Ok(())
}

/// Lets a user in again. Who is active already stays so.
pub fn activate(change: &Change<'_>, id: &str) -> Result<(), StoreError> {
    get(change, id)?;
    change.execute(
        "UPDATE users SET active = true, deactivated_at = NULL, deactivated_by = NULL,
             updated_at = make_timestamp(?::BIGINT)
         WHERE id = ?",
        params![change.now.as_microsecond(), id],
    )?;
    Ok(())
}

/// Shuts a user out, in the name of the user `by`: sessions and personal tokens end. The last active admin stays.
pub fn deactivate(change: &Change<'_>, id: &str, by: &str) -> Result<(), StoreError> {
    let account = get(change, id)?;
    if id == by {
        return Err(StoreError::Conflict("Cannot deactivate yourself".into()));
    }
    account.is_a_person("deactivated")?;
    if account.active && is_last_admin(change, id)? {
        return Err(StoreError::Conflict("Cannot deactivate the last active admin".into()));
    }
    let now = change.now.as_microsecond();
    // Who is inactive already keeps the note of when and by whom.
    change.execute(
        "UPDATE users SET active = false, deactivated_at = make_timestamp(?::BIGINT), deactivated_by = ?,
             updated_at = make_timestamp(?::BIGINT)
         WHERE id = ? AND active",
        params![now, by, now, id],
    )?;
    users::end_tokens(change, id)
}

/// What belongs to one person and goes with them.
const PERSONAL_ROWS: [&str; 6] = [
    "DELETE FROM personal_access_tokens WHERE user_id = ?",
    "DELETE FROM user_group_members WHERE user_id = ?",
    "DELETE FROM user_sync_settings WHERE user_id = ?",
    "DELETE FROM knowledge_votes WHERE user_id = ?",
    "DELETE FROM telegram_links WHERE user_id = ?",
    "DELETE FROM access_requests WHERE user_id = ?",
];

/// Removes a user with everything personal, in the name of the user `by`, and returns the address. One-time tokens are
/// in the user's own row. The audit log stays. `is_sso` tells whether the user is managed elsewhere.
pub fn delete(change: &Change<'_>, id: &str, by: &str, is_sso: bool) -> Result<String, StoreError> {
    let account = get(change, id)?;
    if id == by {
        return Err(StoreError::Conflict("Cannot delete yourself".into()));
    }
    if is_sso {
        return Err(StoreError::Conflict(MANAGED_ELSEWHERE.into()));
    }
    account.is_a_person("deleted")?;
    if account.active && is_last_admin(change, id)? {
        return Err(StoreError::Conflict("Cannot delete the last active admin".into()));
    }
    if let Some(group) = personal::find(change, id)? {
        groups::delete(change, &group)?;
    }
    for statement in PERSONAL_ROWS {
        change.execute(statement, [id])?;
    }
    change.execute("DELETE FROM users WHERE id = ?", [id])?;
    Ok(account.email)
}

/// Text of the refusal to change what Google Workspace decides.
pub const MANAGED_ELSEWHERE: &str =
    "User is managed by an external SSO provider; this operation must be performed in the upstream system";

struct Account {
    email: String,
    active: bool,
}

impl Account {
    fn is_a_person(&self, what: &str) -> Result<(), StoreError> {
        match self.email.eq_ignore_ascii_case(SCHEDULER_EMAIL) {
            true => Err(StoreError::Conflict(format!(
                "The scheduler's account cannot be {what}; unset SCHEDULER_API_TOKEN to shut it out"
            ))),
            false => Ok(()),
        }
    }
}

fn get(change: &Change<'_>, id: &str) -> Result<Account, StoreError> {
    change
        .find("SELECT email, active FROM users WHERE id = ?", [id], |row| {
            Ok(Account { email: row.get(0)?, active: row.get(1)? })
        })?
        .ok_or_else(|| StoreError::NotFound("User not found".into()))
}

fn is_last_admin(change: &Change<'_>, id: &str) -> Result<bool, StoreError> {
    Ok(members::is_admin(change, id)? && !members::has_other_admin(change, id)?)
}
