//! What every start makes sure of: the two system groups, the seeded admin, the scheduler's account.

use super::snapshot::Parts;
use super::{Change, StoreError, members, users};
use crate::base::random;
use crate::base::secret::Secret;
use crate::engine::params;

/// Members of this group may do everything.
pub const ADMIN_GROUP: &str = "Admin";
/// A protected name; membership is explicit all the same.
pub const EVERYONE_GROUP: &str = "Everyone";
/// The account behind the scheduler's shared secret.
pub const SCHEDULER_EMAIL: &str = "scheduler@system.local";

const SYSTEM_GROUPS: [(&str, &str); 2] = [
    (ADMIN_GROUP, "System: full access to all data and admin actions"),
    (EVERYONE_GROUP, "System: default group every user is implicitly a member of"),
];

/// What to seed, from the environment.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    pub admin_email: Option<String>,
    /// Used only while the seeded admin has no password.
    pub admin_password_hash: Option<Secret>,
    /// Whether a usable scheduler token is configured.
    pub scheduler: bool,
}

pub(super) fn seed(change: &Change<'_>, seeds: &Seeds) -> Result<(), StoreError> {
    for (name, description) in SYSTEM_GROUPS {
        let promoted = change.execute("UPDATE user_groups SET is_system = true WHERE name = ?", [name])?;
        if promoted == 0 {
            change.execute(
                "INSERT INTO user_groups VALUES (?, ?, ?, true, make_timestamp(?::BIGINT), 'system:seed')",
                params![random::uuid(), name, description, change.now.as_microsecond()],
            )?;
        }
    }
    change.touch(Parts::GROUPS);
    if let Some(email) = &seeds.admin_email {
        let id = ensure_user(change, email, "Admin")?;
        let open = "SELECT 1 FROM users WHERE id = ? AND coalesce(password_hash, '') = ''";
        if let Some(hash) = &seeds.admin_password_hash
            && change.exists(open, [&id])?
        {
            users::set_password(change, &id, hash)?;
        }
        members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, "app.main:seed_admin")?;
    }
    if seeds.scheduler {
        let id = ensure_user(change, SCHEDULER_EMAIL, "Scheduler")?;
        let by = "app.auth.scheduler_token:ensure_scheduler_user";
        members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, by)?;
    }
    Ok(())
}

fn ensure_user(change: &Change<'_>, email: &str, name: &str) -> Result<String, StoreError> {
    match users::id_of(change, email)? {
        Some(id) => Ok(id),
        None => users::insert(change, email, Some(name), None),
    }
}
