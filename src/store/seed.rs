//! What every start ensures: the two system groups, the seeded admin, the scheduler's account.

use super::groups::{ADMIN_GROUP, EVERYONE_GROUP};
use super::users::SCHEDULER_EMAIL;
use super::{Change, Result, StoreError, audit, groups, members, users};
use crate::base::random;
use crate::base::secret::Secret;
use crate::config::GoogleGroups;
use crate::engine::params;

const SYSTEM_GROUPS: [(&str, &str); 2] = [
    (ADMIN_GROUP, "System: full access to all data and admin actions"),
    (EVERYONE_GROUP, "System: default group every user is implicitly a member of"),
];

/// What the settings say about users and groups.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    pub admin_email: Option<String>,
    /// Used only while the seeded admin has no password.
    pub admin_password_hash: Option<Secret>,
    pub developer: Option<Developer>,
    /// Whether a usable scheduler token is configured.
    pub scheduler: bool,
    /// For the snapshot; nothing is stored.
    pub google: GoogleGroups,
}

/// The one user of `LOCAL_DEV_MODE`.
#[derive(Clone, Debug)]
pub struct Developer {
    pub email: String,
    /// Names of the groups that the user is a member of.
    pub groups: Vec<String>,
}

pub(super) fn seed(change: &Change<'_>, seeds: &Seeds) -> Result<()> {
    audit::seal(change)?;
    for (name, description) in SYSTEM_GROUPS {
        let promoted = change.execute("UPDATE user_groups SET is_system = true WHERE name = ?", [name])?;
        if promoted == 0 {
            change.run(
                "INSERT INTO user_groups (id, name, description, is_system, created_at, created_by)
                 VALUES (?, ?, ?, true, make_timestamp(?::BIGINT), 'system:seed')",
                params![random::uuid(), name, description, change.now.as_microsecond()],
            )?;
        }
    }
    if let Some(email) = &seeds.admin_email {
        let (id, _) = users::ensure(change, email, Some("Admin"))?;
        let open = "SELECT 1 FROM users WHERE id = ? AND coalesce(password_hash, '') = ''";
        if let Some(hash) = &seeds.admin_password_hash
            && change.exists(open, [&id])?
        {
            users::set_password(change, &id, hash)?;
        }
        members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, members::SEED_ADMIN)?;
    }
    if let Some(developer) = &seeds.developer {
        let (id, _) = users::ensure(change, &developer.email, Some("Developer"))?;
        members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, members::SEED_DEVELOPER)?;
        for group in &developer.groups {
            match groups::insert(change, group, None, groups::GOOGLE_SYNC) {
                Ok(_) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
            members::ensure(change, &id, group, members::SOURCE_GOOGLE, groups::GOOGLE_SYNC)?;
        }
    }
    if seeds.scheduler {
        let (id, _) = users::ensure(change, SCHEDULER_EMAIL, Some("Scheduler"))?;
        let by = "app.auth.scheduler_token:ensure_scheduler_user";
        members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, by)?;
    }
    Ok(())
}
