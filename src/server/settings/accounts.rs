//! Accounts that the configuration asks for.

use std::net::IpAddr;

use super::ServerSettings;
use crate::access::password::{self, PasswordError};
use crate::base::secret::Secret;
use crate::config::env_vars;
use crate::store::{Developer, Seeds};

/// Shortest secret of the scheduler, in characters.
const MIN_TOKEN_CHARS: usize = 32;

impl ServerSettings {
    /// Returns whether only this machine reaches the server, or other addresses are allowed explicitly. In development
    /// mode every caller is an admin.
    pub fn is_safe_for_development(&self) -> bool {
        let is_loopback = self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        !self.http.https && (is_loopback || self.env.flag(&env_vars::LOCAL_DEV_ALLOW_ANY_HOST))
    }

    /// The accounts and groups that the state database must have.
    pub fn seeds(&self) -> Result<Seeds, PasswordError> {
        let admin_email = self.env.get(&env_vars::SEED_ADMIN_EMAIL).map(|email| email.trim().to_owned());
        let password = self.env.named(env_vars::SEED_ADMIN_PASSWORD.name).filter(|_| admin_email.is_some());
        let admin_password_hash = password.map(password::hash).transpose()?;
        let developer = self.developer.clone().map(|email| Developer { email, groups: self.developer_groups() });
        Ok(Seeds { admin_email, admin_password_hash, developer, scheduler: self.scheduler_token().is_some() })
    }

    /// The scheduler's secret, unless it is too short.
    pub fn scheduler_token(&self) -> Option<Secret> {
        let token = self.env.secret(&env_vars::SCHEDULER_API_TOKEN)?;
        if token.expose().len() < MIN_TOKEN_CHARS {
            tracing::warn!("SCHEDULER_API_TOKEN is shorter than {MIN_TOKEN_CHARS} characters and is ignored");
            return None;
        }
        Some(token)
    }

    /// Names of the developer's groups. An invalid list is ignored, with a warning.
    fn developer_groups(&self) -> Vec<String> {
        #[derive(serde::Deserialize)]
        struct DeveloperGroup {
            id: String,
            name: Option<String>,
        }
        let Some(text) = self.env.get(&env_vars::LOCAL_DEV_GROUPS) else { return Vec::new() };
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
}
