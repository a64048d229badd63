//! Personal groups: what is granted to one person is granted to the group `user:<id>`, whose only member that person is.

use super::write;
use crate::store::{Change, Result, StoreError, members};

/// Prefix of the names of personal groups.
pub const PREFIX: &str = "user:";

/// Returns the id of the user whose personal group has that name.
pub fn owner_by_name(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

/// Returns the id of a user's personal group, as of this transaction.
pub fn find(change: &Change<'_>, user_id: &str) -> Result<Option<String>> {
    let sql = "SELECT id FROM user_groups WHERE name = ?";
    Ok(change.find(sql, [format!("{PREFIX}{user_id}")], |row| row.get(0))?)
}

/// Returns the id of a user's personal group, and whether it was created now.
pub fn ensure(change: &Change<'_>, user_id: &str, by: &str) -> Result<(String, bool)> {
    if !change.exists("SELECT 1 FROM users WHERE id = ?", [user_id])? {
        return Err(StoreError::NotFound("User not found".into()));
    }
    let name = format!("{PREFIX}{user_id}");
    let (id, is_new) = match find(change, user_id)? {
        Some(id) => (id, false),
        None => (write(change, &name, None, by)?, true),
    };
    // This program adds no such members, but a foreign database may have them. They must not gain what is granted to
    // one user.
    if change.exists("SELECT 1 FROM user_group_members WHERE group_id = ? AND user_id <> ?", [id.as_str(), user_id])? {
        return Err(StoreError::Conflict(format!(
            "Group '{name}' has members other than its owner; remove them first"
        )));
    }
    if !members::contains(change, user_id, &id)? {
        members::insert(change, user_id, &id, members::SOURCE_ADMIN, by)?;
    }
    Ok((id, is_new))
}
