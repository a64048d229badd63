//! Giving administration back when nobody can sign in as an admin any more.

use super::audit::Action;
use serde_json::json;

use super::audit::{self, Origin};
use super::{ADMIN_GROUP, Change, StoreError, members, users};
use crate::engine::params;

/// What `added_by` says of such a membership.
pub const BY: &str = "cli:break-glass";

/// What was done, and what still keeps the person from signing in.
#[derive(Clone, Debug)]
pub struct Granted {
    /// There was no such user before.
    pub created: bool,
    pub was_admin: bool,
    pub activated: bool,
    pub is_active: bool,
    pub has_password: bool,
}

/// Makes an admin of the user with this address, who is added when missing. `activate` also lets in again who was
/// deactivated.
pub fn grant_admin(change: &Change<'_>, email: &str, activate: bool) -> Result<Granted, StoreError> {
    let admins: Option<String> =
        change.find("SELECT id FROM user_groups WHERE name = ?", [ADMIN_GROUP], |row| row.get(0))?;
    let admins = admins.ok_or_else(|| StoreError::NotFound(format!("There is no group {ADMIN_GROUP}")))?;
    let known = users::id_of(change, email)?;
    let created = known.is_none();
    let id = match known {
        Some(id) => id,
        None => users::insert(change, email, email.split('@').next(), None)?,
    };
    let was_admin = members::is_admin(change, &id)?;
    if !was_admin {
        members::insert(change, &id, &admins, members::SOURCE_BREAK_GLASS, BY)?;
    }
    let activated = activate
        && change.execute(
            "UPDATE users SET active = true, deactivated_at = NULL, deactivated_by = NULL,
                 updated_at = make_timestamp(?::BIGINT)
             WHERE id = ? AND NOT active",
            params![change.now.as_microsecond(), id],
        )? > 0;
    if !was_admin || activated {
        let details = json!({ "email": email, "created": created, "activated": activated });
        let actor = Origin::internal().nobody();
        audit::record(change, &actor, Action::BreakGlassGrantAdmin, &format!("user:{id}"), details)?;
    }
    let is_active = change.exists("SELECT 1 FROM users WHERE id = ? AND active", [&id])?;
    let has_password =
        change.exists("SELECT 1 FROM users WHERE id = ? AND coalesce(password_hash, '') <> ''", [&id])?;
    Ok(Granted { created, was_admin, activated, is_active, has_password })
}
