//! Which groups of Google Workspace are synced, and which of them map to the system groups.

use super::{Environment, env_vars};

#[derive(Clone, Debug, Default)]
pub struct GoogleGroups {
    /// Only groups whose address starts like this are synced; users who are in none of them are rejected.
    pub prefix: Option<String>,
    /// Its members are the members of `Admin`.
    pub admin: Option<String>,
    /// Its members are the members of `Everyone`.
    pub everyone: Option<String>,
}

impl GoogleGroups {
    pub fn of(env: &Environment) -> Self {
        let lower = |var| env.get(var).map(str::to_lowercase);
        Self {
            prefix: lower(&env_vars::AGNES_GOOGLE_GROUP_PREFIX),
            admin: lower(&env_vars::AGNES_GROUP_ADMIN_EMAIL),
            everyone: lower(&env_vars::AGNES_GROUP_EVERYONE_EMAIL),
        }
    }
}
