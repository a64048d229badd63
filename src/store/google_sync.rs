//! Memberships that come from Google Workspace.

use super::members::SOURCE_GOOGLE;
use super::{Change, StoreError};
use crate::engine::params;

/// Id and name of the group with that name, in any case.
pub fn group_named(change: &Change<'_>, name: &str) -> Result<Option<(String, String)>, StoreError> {
    Ok(change.find("SELECT id, name FROM user_groups WHERE lower(name) = lower(?)", [name], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?)
}

/// Ids and names of the groups that the user is in because Google says so.
pub fn groups_of(change: &Change<'_>, user_id: &str) -> Result<Vec<(String, String)>, StoreError> {
    Ok(change.list(
        "SELECT m.group_id, coalesce(g.name, '') FROM user_group_members m
         LEFT JOIN user_groups g ON g.id = m.group_id WHERE m.user_id = ? AND m.source = ? ORDER BY 2",
        params![user_id, SOURCE_GOOGLE],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?)
}

/// Removes one of these memberships.
pub fn remove(change: &Change<'_>, user_id: &str, group_id: &str) -> Result<(), StoreError> {
    change.execute("DELETE FROM user_group_members WHERE user_id = ? AND group_id = ?", [user_id, group_id]).map(drop)
}
