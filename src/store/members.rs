//! Who is in which group, and who put them there.

use std::collections::HashMap;

use jiff::Timestamp;

use super::groups::{ADMIN_GROUP, personal_owner};
use super::row::{self, read_row};
use super::users::SCHEDULER_EMAIL;
use super::{Change, Reader, Result, StoreError};
use crate::engine::{self, params};

/// Membership sources. Memberships of all but [`SOURCE_GOOGLE`] can be removed through the API.
pub const SOURCE_ADMIN: &str = "admin";
pub const SOURCE_SEED: &str = "system_seed";
pub const SOURCE_GOOGLE: &str = "google_sync";
pub const SOURCE_BREAK_GLASS: &str = "cli_break_glass";

#[derive(Clone, Debug)]
pub struct Membership {
    pub user_id: String,
    pub group_id: String,
    pub source: String,
    pub added_at: Option<Timestamp>,
    pub added_by: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Members {
    by_user: HashMap<String, Vec<Membership>>,
    by_group: HashMap<String, Vec<Membership>>,
}

impl Members {
    pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Self> {
        let rows: Vec<Membership> = reader.list(
            "SELECT user_id, group_id, source, epoch_us(added_at), added_by FROM user_group_members",
            [],
            read_row!(as Membership { user_id, group_id, source, added_at: row::time, added_by }),
        )?;
        let mut loaded = Self::default();
        for member in rows {
            loaded.by_user.entry(member.user_id.clone()).or_default().push(member.clone());
            loaded.by_group.entry(member.group_id.clone()).or_default().push(member);
        }
        Ok(loaded)
    }

    /// As they would be with another member of a group.
    pub fn with(&self, user_id: &str, group_id: &str) -> Self {
        let member = Membership {
            user_id: user_id.to_owned(),
            group_id: group_id.to_owned(),
            source: SOURCE_ADMIN.to_owned(),
            added_at: None,
            added_by: None,
        };
        let mut next = self.clone();
        if !next.of_user(user_id).iter().any(|member| member.group_id == group_id) {
            next.by_user.entry(user_id.to_owned()).or_default().push(member.clone());
            next.by_group.entry(group_id.to_owned()).or_default().push(member);
        }
        next
    }

    pub fn of_user(&self, user_id: &str) -> &[Membership] {
        self.by_user.get(user_id).map_or(&[], Vec::as_slice)
    }

    pub fn of_group(&self, group_id: &str) -> &[Membership] {
        self.by_group.get(group_id).map_or(&[], Vec::as_slice)
    }
}

/// Adds a user to a group.
pub fn insert(change: &Change<'_>, user_id: &str, group_id: &str, source: &str, by: &str) -> Result<()> {
    if !change.exists("SELECT 1 FROM user_groups WHERE id = ?", [group_id])? {
        return Err(StoreError::NotFound("Group not found".into()));
    }
    if !change.exists("SELECT 1 FROM users WHERE id = ?", [user_id])? {
        return Err(StoreError::NotFound("User not found".into()));
    }
    if personal_owner(change, group_id)?.is_some_and(|owner| owner != user_id) {
        return Err(StoreError::Conflict(
            "This is the personal group of another user, who stays its only member".into(),
        ));
    }
    if contains(change, user_id, group_id)? {
        return Err(StoreError::Conflict("User already a member".into()));
    }
    change.run(
        "INSERT INTO user_group_members (user_id, group_id, source, added_at, added_by)
         VALUES (?, ?, ?, make_timestamp(?::BIGINT), ?)",
        params![user_id, group_id, source, change.now.as_microsecond(), by],
    )
}

/// Returns whether a user is in a group, as of this transaction.
pub fn contains(change: &Change<'_>, user_id: &str, group_id: &str) -> Result<bool> {
    Ok(change.exists("SELECT 1 FROM user_group_members WHERE user_id = ? AND group_id = ?", [user_id, group_id])?)
}

/// Adds a user to the group with that name, unless they are in it already.
pub fn ensure(change: &Change<'_>, user_id: &str, group: &str, source: &str, by: &str) -> Result<()> {
    let group_id: String =
        change.one("SELECT id FROM user_groups WHERE lower(name) = lower(?)", [group], |row| row.get(0))?;
    match insert(change, user_id, &group_id, source, by) {
        Err(StoreError::Conflict(_)) => Ok(()),
        outcome => outcome,
    }
}

/// `added_by` of memberships from `POST /auth/bootstrap`, and of those that [`super::seed`] adds.
pub const BOOTSTRAP: &str = "auth.bootstrap";
pub const SEED_ADMIN: &str = "app.main:seed_admin";
pub const SEED_DEVELOPER: &str = "app.main:seed_developer";

/// Returns whether no admin can have signed in yet: no user has a password, and the only admins are those from the
/// settings, who have never signed in.
pub fn is_bootstrap_open(reader: &Reader<'_>) -> engine::Result<bool> {
    let is_in_use = reader.exists(
        "SELECT 1 FROM users u WHERE lower(u.email) <> ? AND (
             coalesce(u.password_hash, '') <> ''
             OR EXISTS (SELECT 1 FROM user_group_members m JOIN user_groups g ON g.id = m.group_id
                        WHERE m.user_id = u.id AND g.name = ?
                          AND (u.last_login_at IS NOT NULL OR coalesce(m.added_by, '') NOT IN (?, ?))))",
        [SCHEDULER_EMAIL, ADMIN_GROUP, SEED_ADMIN, SEED_DEVELOPER],
    )?;
    Ok(!is_in_use)
}

/// Returns whether a user is an admin because of the settings.
pub fn is_seeded_admin(change: &Change<'_>, user_id: &str) -> Result<bool> {
    Ok(change.exists(
        "SELECT 1 FROM user_group_members m JOIN user_groups g ON g.id = m.group_id
         WHERE m.user_id = ? AND g.name = ? AND m.added_by = ?",
        [user_id, ADMIN_GROUP, SEED_ADMIN],
    )?)
}

/// Adds a user to a group on behalf of `by`, or makes `by` the author of an existing membership.
pub fn claim(change: &Change<'_>, user_id: &str, group: &str, by: &str) -> Result<()> {
    ensure(change, user_id, group, SOURCE_SEED, by)?;
    change.run(
        "UPDATE user_group_members SET added_by = ?
         WHERE user_id = ? AND group_id = (SELECT id FROM user_groups WHERE name = ?)",
        [by, user_id, group],
    )
}

/// Returns whether there is an active admin other than this user. The scheduler's account does not count, since nobody
/// can sign in with it.
pub fn has_other_admin(reader: &Reader<'_>, user_id: &str) -> engine::Result<bool> {
    reader.exists(
        "SELECT 1 FROM user_group_members m
         JOIN users u ON u.id = m.user_id
         JOIN user_groups g ON g.id = m.group_id
         WHERE g.name = ? AND u.active AND u.id <> ? AND lower(u.email) <> ?",
        [ADMIN_GROUP, user_id, SCHEDULER_EMAIL],
    )
}

/// Removes a membership, unless it comes from Google Workspace or is that of the scheduler's account.
pub fn remove(change: &Change<'_>, user_id: &str, group_id: &str) -> Result<()> {
    let removed = change.execute(
        "DELETE FROM user_group_members WHERE user_id = ? AND group_id = ? AND source <> ?
             AND user_id NOT IN (SELECT id FROM users WHERE lower(email) = ?)",
        [user_id, group_id, SOURCE_GOOGLE, SCHEDULER_EMAIL],
    )?;
    if removed == 0 {
        return Err(StoreError::NotFound("No admin-managed membership for this user in this group".into()));
    }
    Ok(())
}

/// Id and name of the group with that name, in any case.
pub fn group_named(change: &Change<'_>, name: &str) -> Result<Option<(String, String)>> {
    Ok(change.find("SELECT id, name FROM user_groups WHERE lower(name) = lower(?)", [name], |row| row.try_into())?)
}

/// Ids and names of the groups that the user is in because Google says so.
pub fn google_groups_of(change: &Change<'_>, user_id: &str) -> Result<Vec<(String, String)>> {
    Ok(change.list(
        "SELECT m.group_id, coalesce(g.name, '') FROM user_group_members m
         LEFT JOIN user_groups g ON g.id = m.group_id WHERE m.user_id = ? AND m.source = ? ORDER BY 2",
        params![user_id, SOURCE_GOOGLE],
        |row| row.try_into(),
    )?)
}

/// Removes a membership that comes from Google Workspace.
pub fn remove_google(change: &Change<'_>, user_id: &str, group_id: &str) -> Result<()> {
    change.run("DELETE FROM user_group_members WHERE user_id = ? AND group_id = ?", [user_id, group_id])
}
