use serde_json::json;

use crate::access::is_admin;
use crate::domain::{Error, Result};
use crate::store::audit::{Action, Origin};
use crate::store::{ADMIN_GROUP, Store, accounts, audit, members, users};

/// What `added_by` says of such a membership.
const ADDED_BY: &str = "cli:break-glass";

/// What was done, and what still prevents the user from signing in.
#[derive(Clone, Debug)]
pub struct BreakGlassGrant {
    /// The user was added.
    pub created: bool,
    pub was_admin: bool,
    pub activated: bool,
    pub is_active: bool,
    pub has_password: bool,
}

/// Makes the user with this address an admin, for when no admin can sign in any more. Adds the user if there is none;
/// `activate` also activates a deactivated one. It needs no proof but the data directory itself.
pub async fn break_glass_grant_admin(store: &Store, email: &str, activate: bool) -> Result<BreakGlassGrant> {
    let email = email.to_owned();
    let written = store.write(move |change| {
        let groups = &change.snapshot().groups;
        let admins =
            groups.admin_id().ok_or_else(|| Error::not_found(format!("The group {ADMIN_GROUP} does not exist")))?;
        let (id, created) = users::ensure(change, &email, email.split('@').next())?;
        let was_admin = is_admin(change.snapshot(), &id);
        if !was_admin {
            members::insert(change, &id, admins, members::SOURCE_BREAK_GLASS, ADDED_BY)?;
        }
        let stored = change.snapshot().users.get(&id);
        let was_active = stored.is_none_or(|user| user.active);
        let activated = activate && !was_active;
        if activated {
            accounts::activate(change, &id)?;
        }
        if !was_admin || activated {
            let details = json!({ "email": email, "created": created, "activated": activated });
            let actor = Origin::internal().anonymous();
            audit::record(change, &actor, Action::BreakGlassGrantAdmin, &format!("user:{id}"), details)?;
        }
        let has_password = stored.is_some_and(|user| user.password_hash.is_some());
        Ok(BreakGlassGrant { created, was_admin, activated, is_active: was_active || activated, has_password })
    });
    written.await
}
