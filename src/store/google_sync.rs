//! Memberships that come from Google Workspace: all of a user's at once.

use super::audit::Action;
use serde_json::json;

use super::audit::Actor;
use super::groups::GOOGLE_SYNC;
use super::members::SOURCE_GOOGLE;
use super::{ADMIN_GROUP, Change, EVERYONE_GROUP, StoreError, audit, groups, members};
use crate::config::GoogleGroups;
use crate::engine::params;

const DESCRIPTION: &str = "Auto-created from Google Workspace claim";

/// What has changed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Names of groups.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// The user should not be an admin any more, but there is no other one.
    pub kept_last_admin: bool,
}

/// Makes the user's memberships from Google those of the groups `emails` (in lower case), creates groups that are
/// missing, and records what changed. Memberships of other sources stay.
pub fn replace(
    change: &Change<'_>,
    actor: &Actor,
    user_id: &str,
    emails: &[String],
    google: &GoogleGroups,
) -> Result<Outcome, StoreError> {
    if !change.exists("SELECT 1 FROM users WHERE id = ?", [user_id])? {
        return Err(StoreError::NotFound("User not found".into()));
    }
    let wanted: Vec<(String, String)> =
        emails.iter().map(|email| group_for(change, actor, email, google)).collect::<Result<_, _>>()?;
    let mut outcome = Outcome::default();
    for (id, name) in from_google(change, user_id)? {
        if wanted.iter().any(|(wanted, _)| *wanted == id) {
            continue;
        }
        if name == ADMIN_GROUP && !members::has_other_admin(change, user_id)? {
            outcome.kept_last_admin = true;
            continue;
        }
        change.execute("DELETE FROM user_group_members WHERE user_id = ? AND group_id = ?", [user_id, &id])?;
        outcome.removed.push(name);
    }
    for (id, name) in wanted {
        match members::insert(change, user_id, &id, SOURCE_GOOGLE, GOOGLE_SYNC) {
            Ok(()) => outcome.added.push(name),
            // Put there before, by Google or by an admin.
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if !outcome.added.is_empty() || !outcome.removed.is_empty() || outcome.kept_last_admin {
        let details = json!({
            "added": outcome.added, "removed": outcome.removed, "kept_last_admin": outcome.kept_last_admin,
        });
        audit::record(change, actor, Action::UserGoogleSync, &format!("user:{user_id}"), details)?;
    }
    Ok(outcome)
}

/// Id and name of the group that a Google group stands for.
fn group_for(
    change: &Change<'_>,
    actor: &Actor,
    email: &str,
    google: &GoogleGroups,
) -> Result<(String, String), StoreError> {
    let name = match email {
        email if google.admin.as_deref() == Some(email) => ADMIN_GROUP,
        email if google.everyone.as_deref() == Some(email) => EVERYONE_GROUP,
        email => email,
    };
    let found = change.find("SELECT id, name FROM user_groups WHERE lower(name) = lower(?)", [name], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    if let Some(found) = found {
        return Ok(found);
    }
    let id = groups::insert(change, name, Some(DESCRIPTION), GOOGLE_SYNC)?;
    audit::record(change, actor, Action::UserGroupCreated, &format!("group:{id}"), json!({ "name": name }))?;
    Ok((id, name.to_owned()))
}

/// Ids and names of the groups that the user is in because Google says so.
fn from_google(change: &Change<'_>, user_id: &str) -> Result<Vec<(String, String)>, StoreError> {
    let rows = change.list(
        "SELECT m.group_id, coalesce(g.name, '') FROM user_group_members m
             LEFT JOIN user_groups g ON g.id = m.group_id WHERE m.user_id = ? AND m.source = ? ORDER BY 2",
        params![user_id, SOURCE_GOOGLE],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows)
}
