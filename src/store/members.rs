//! Who is in which group, and on whose word.

use std::collections::HashMap;

use jiff::Timestamp;

use super::snapshot::Parts;
use super::{ADMIN_GROUP, Change, SCHEDULER_EMAIL, StoreError, row};
use crate::engine::{self, Connection, OptionalExt, params};

/// Membership sources. Only `admin` ones can be removed through the API.
pub const SOURCE_ADMIN: &str = "admin";
pub const SOURCE_SEED: &str = "system_seed";

#[derive(Clone, Debug)]
pub struct Membership {
    pub user_id: String,
    pub group_id: String,
    pub source: String,
    pub added_at: Option<Timestamp>,
    pub added_by: Option<String>,
}

#[derive(Debug, Default)]
pub struct Members {
    by_user: HashMap<String, Vec<Membership>>,
    by_group: HashMap<String, Vec<Membership>>,
}

impl Members {
    pub(super) fn load(connection: &Connection) -> engine::Result<Self> {
        let rows: Vec<Membership> = connection
            .prepare("SELECT user_id, group_id, source, epoch_us(added_at), added_by FROM user_group_members")?
            .query_map([], |row| {
                Ok(Membership {
                    user_id: row.get(0)?,
                    group_id: row.get(1)?,
                    source: row.get(2)?,
                    added_at: row::time(row, 3)?,
                    added_by: row.get(4)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        let mut loaded = Self::default();
        for member in rows {
            loaded.by_user.entry(member.user_id.clone()).or_default().push(member.clone());
            loaded.by_group.entry(member.group_id.clone()).or_default().push(member);
        }
        Ok(loaded)
    }

    pub fn of_user(&self, user_id: &str) -> &[Membership] {
        self.by_user.get(user_id).map_or(&[], Vec::as_slice)
    }

    pub fn of_group(&self, group_id: &str) -> &[Membership] {
        self.by_group.get(group_id).map_or(&[], Vec::as_slice)
    }
}

/// Adds a user to a group.
pub fn insert(change: &Change<'_>, user_id: &str, group_id: &str, source: &str, by: &str) -> Result<(), StoreError> {
    if !change.exists("SELECT 1 FROM user_groups WHERE id = ?", [group_id])? {
        return Err(StoreError::NotFound("Group not found".into()));
    }
    if !change.exists("SELECT 1 FROM users WHERE id = ?", [user_id])? {
        return Err(StoreError::NotFound("User not found".into()));
    }
    if change.exists("SELECT 1 FROM user_group_members WHERE user_id = ? AND group_id = ?", [user_id, group_id])? {
        return Err(StoreError::Conflict("User already a member".into()));
    }
    change.execute(
        "INSERT INTO user_group_members VALUES (?, ?, ?, make_timestamp(?::BIGINT), ?)",
        params![user_id, group_id, source, change.now.as_microsecond(), by],
    )?;
    change.touch(Parts::MEMBERS);
    Ok(())
}

/// Adds a user to the group of that name unless already in it.
pub fn ensure(change: &Change<'_>, user_id: &str, group: &str, source: &str, by: &str) -> Result<(), StoreError> {
    let group_id: String =
        change.connection.query_row("SELECT id FROM user_groups WHERE name = ?", [group], |row| row.get(0))?;
    match insert(change, user_id, &group_id, source, by) {
        Err(StoreError::Conflict(_)) => Ok(()),
        outcome => outcome,
    }
}

/// Removes a membership that an admin made; the last active admin stays. The scheduler's account is nobody who could
/// let others in, so it does not count.
pub fn remove(change: &Change<'_>, user_id: &str, group_id: &str) -> Result<(), StoreError> {
    let group: Option<String> = change
        .connection
        .query_row("SELECT name FROM user_groups WHERE id = ?", [group_id], |row| row.get(0))
        .optional()?;
    let group = group.ok_or_else(|| StoreError::NotFound("Group not found".into()))?;
    let member = "FROM user_group_members WHERE user_id = ? AND group_id = ?";
    if group == ADMIN_GROUP && change.exists(&format!("SELECT 1 {member}"), [user_id, group_id])? {
        let others: i64 = change.connection.query_row(
            "SELECT count(*) FROM user_group_members m JOIN users u ON u.id = m.user_id
             WHERE m.group_id = ? AND u.active AND u.id <> ? AND u.email <> ?",
            [group_id, user_id, SCHEDULER_EMAIL],
            |row| row.get(0),
        )?;
        if others == 0 {
            return Err(StoreError::Conflict(
                "Cannot remove the last admin — at least one user must remain in the Admin group".into(),
            ));
        }
    }
    let removed = change.execute(&format!("DELETE {member} AND source = '{SOURCE_ADMIN}'"), [user_id, group_id])?;
    if removed == 0 {
        return Err(StoreError::NotFound("No admin-managed membership for this user in this group".into()));
    }
    change.touch(Parts::MEMBERS);
    Ok(())
}
