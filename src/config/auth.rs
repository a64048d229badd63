//! Who may sign in: `auth:` of `instance.yaml`, and groups of Google Workspace.

use serde::Deserialize;

use super::{Environment, env_vars};

/// Both keys count; the singular one is older.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Auth {
    pub allowed_domain: Domains,
    pub allowed_domains: Domains,
}

/// Domains in lower case, from a comma-separated string or a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "OneOrMany")]
pub struct Domains(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a domain, several separated by commas, or a list of domains")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Auth {
    /// The domains whose addresses may sign in; none means no restriction.
    pub fn domains(&self) -> Vec<&str> {
        let mut domains: Vec<&str> =
            self.allowed_domain.0.iter().chain(&self.allowed_domains.0).map(String::as_str).collect();
        domains.sort_unstable();
        domains.dedup();
        domains
    }

    /// Returns whether the domain of an address is allowed.
    pub fn admits(&self, email: &str) -> bool {
        let domains = self.domains();
        let domain = email.trim().rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        domains.is_empty() || domain.is_some_and(|domain| domains.contains(&domain.as_str()))
    }
}

impl From<OneOrMany> for Domains {
    fn from(texts: OneOrMany) -> Self {
        let texts = match texts {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        };
        let items = texts.iter().flat_map(|text| text.split(','));
        let items = items.map(|item| item.trim().trim_start_matches('@').to_lowercase());
        Self(items.filter(|item| !item.is_empty()).collect())
    }
}

/// Who must have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequireSecondFactor {
    Off,
    Admins,
    All,
}

impl RequireSecondFactor {
    pub fn of(env: &Environment) -> Self {
        match env.text(&env_vars::AGNES_REQUIRE_SECOND_FACTOR) {
            "all" => Self::All,
            "admins" => Self::Admins,
            _ => Self::Off,
        }
    }
}

/// Which groups of Google Workspace are synced, and which of them map to the system groups.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Auth;

    fn auth(value: serde_json::Value) -> Auth {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn texts_and_lists() {
        let both = auth(json!({ "allowed_domain": "Acme.com, acme.cz,", "allowed_domains": ["@acme.de", "acme.com"] }));
        assert_eq!(both.domains(), ["acme.com", "acme.cz", "acme.de"]);
        assert!(both.admits("Ann@ACME.com") && !both.admits("ann@acme.com.evil.net") && !both.admits("acme.com"));
        assert!(!both.admits("ann@acme.com@evil.net"));
        for open in [json!({}), json!({ "allowed_domain": "" }), json!({ "allowed_domains": [] })] {
            assert!(auth(open).admits("anybody@example.net"));
        }
        assert!(serde_json::from_value::<Auth>(json!({ "allowed_domains": { "a": 1 } })).is_err());
    }
}
