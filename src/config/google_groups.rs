//! Which groups of Google Workspace count, and which of them stand for the system groups.

use super::{Environment, env_vars};

#[derive(Clone, Debug, Default)]
pub struct GoogleGroups {
    /// Only groups whose address begins like this are taken over; with it, members of none are refused.
    pub prefix: Option<String>,
    /// Its members are the members of `Admin`.
    pub admin: Option<String>,
    /// Its members are the members of `Everyone`.
    pub everyone: Option<String>,
}

impl GoogleGroups {
    pub fn of(env: &Environment) -> Self {
        let lower = |var| env.get(var).map(|text| text.trim().to_lowercase());
        Self {
            prefix: lower(&env_vars::AGNES_GOOGLE_GROUP_PREFIX),
            admin: lower(&env_vars::AGNES_GROUP_ADMIN_EMAIL),
            everyone: lower(&env_vars::AGNES_GROUP_EVERYONE_EMAIL),
        }
    }
}
