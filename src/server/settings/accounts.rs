//! Accounts that the configuration asks for.

use std::net::IpAddr;
use std::time::Duration;

use super::ServerSettings;
use crate::access::password::{self, PasswordError};
use crate::base::secret::Secret;
use crate::config::auth::RequireSecondFactor;
use crate::config::{Environment, WrongValue, env_vars};
use crate::store::{Developer, Seeds};

/// Shortest secret of the scheduler, in characters.
const MIN_TOKEN_CHARS: usize = 32;

/// The accounts that exist after every start.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    admin_email: Option<String>,
    admin_password: Option<Secret>,
    developer_groups: Vec<String>,
    pub scheduler_token: Option<Secret>,
    pub require_second_factor: RequireSecondFactor,
    /// A session that is not used for so long ends.
    pub max_idle: Duration,
}

impl AccountSettings {
    pub(super) fn load(env: &Environment) -> Result<Self, WrongValue> {
        let admin_email = env.get(&env_vars::SEED_ADMIN_EMAIL).map(str::to_owned);
        let admin_password = env.named(env_vars::SEED_ADMIN_PASSWORD.name).map(Secret::new);
        Ok(Self {
            admin_password: admin_password.filter(|_| admin_email.is_some()),
            admin_email,
            developer_groups: developer_groups(env),
            scheduler_token: scheduler_token(env),
            require_second_factor: RequireSecondFactor::of(env),
            max_idle: Duration::from_secs(60 * env.number::<u64>(&env_vars::AGNES_SESSION_IDLE_MINUTES)?),
        })
    }
}

impl ServerSettings {
    /// Returns whether only this machine reaches the server, or other addresses are allowed explicitly. In development
    /// mode every caller is an admin.
    pub fn is_safe_for_development(&self) -> bool {
        let is_loopback = self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        !self.http.https && (is_loopback || !self.http.origins.loopback_only)
    }

    /// The accounts and groups that the state database must have.
    pub fn seeds(&self) -> Result<Seeds, PasswordError> {
        let AccountSettings { admin_email, admin_password, developer_groups, scheduler_token, .. } =
            self.accounts.clone();
        let admin_password_hash = admin_password.map(|password| password::hash(password.expose())).transpose()?;
        let developer = self.developer.clone().map(|email| Developer { email, groups: developer_groups });
        let (scheduler, google) = (scheduler_token.is_some(), self.google_groups.clone());
        Ok(Seeds { admin_email, admin_password_hash, developer, scheduler, google })
    }
}

/// The scheduler's secret, unless it is too short.
fn scheduler_token(env: &Environment) -> Option<Secret> {
    let token = env.secret(&env_vars::SCHEDULER_API_TOKEN)?;
    if token.expose().len() < MIN_TOKEN_CHARS {
        tracing::warn!("SCHEDULER_API_TOKEN is shorter than {MIN_TOKEN_CHARS} characters and is ignored");
        return None;
    }
    Some(token)
}

/// Names of the developer's groups. An invalid list is ignored, with a warning.
fn developer_groups(env: &Environment) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct DeveloperGroup {
        id: String,
        name: Option<String>,
    }
    let Some(text) = env.get(&env_vars::LOCAL_DEV_GROUPS) else { return Vec::new() };
    match serde_json::from_str::<Vec<DeveloperGroup>>(text) {
        Ok(groups) => groups.into_iter().map(|group| group.name.unwrap_or(group.id)).collect(),
        Err(error) => {
            tracing::warn!(
                %error,
                "LOCAL_DEV_GROUPS is not a list of groups like [{{\"id\": \"analysts\"}}] and is ignored"
            );
            Vec::new()
        }
    }
}
