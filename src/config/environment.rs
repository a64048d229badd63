//! The process environment with `state/.env_overlay` beneath it: the one way to read a variable.

use std::collections::HashMap;
use std::path::Path;

use super::env_vars::EnvVar;
use crate::base::disk::Reserve;
use crate::base::secret::Secret;

/// Values of environment variables. Tests build one from a list instead of changing the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    process: HashMap<String, Hidden>,
    overlay: HashMap<String, Hidden>,
}

/// A value that may be a secret, so that `Debug` shows none.
type Hidden = Secret;

impl Environment {
    pub fn process() -> Self {
        // A variable that is no text cannot be one of ours.
        let text =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::from_pairs(text)
    }

    pub fn from_pairs(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        let process = pairs.into_iter().map(|(name, value)| (name.into(), Secret::new(value))).collect();
        Self { process, overlay: HashMap::new() }
    }

    /// Adds `KEY=value` lines of an overlay file; `#` starts a comment. A missing file is fine.
    pub fn with_overlay(mut self, path: &Path) -> std::io::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(self),
            Err(error) => return Err(error),
        };
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if let Some((name, value)) = line.split_once('=') {
                self.overlay.insert(name.trim().to_owned(), Secret::new(value.trim()));
            }
        }
        Ok(self)
    }

    /// The value of a declared variable; empty counts as unset.
    pub fn get(&self, var: &EnvVar) -> Option<&str> {
        self.named(var.name)
    }

    /// The value of a variable whose name comes from configuration (`token_env`, `${NAME}`).
    pub fn named(&self, name: &str) -> Option<&str> {
        [&self.process, &self.overlay]
            .into_iter()
            .filter_map(|values| values.get(name))
            .map(Secret::expose)
            .find(|value| !value.trim().is_empty())
    }

    /// Whether a variable is there at all, be it empty.
    pub fn is_set(&self, var: &EnvVar) -> bool {
        self.process.contains_key(var.name) || self.overlay.contains_key(var.name)
    }

    /// A variable that others name, such as the one that holds the token of a source.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.process.get(name).or_else(|| self.overlay.get(name)).map(Hidden::expose)
    }

    pub fn secret(&self, var: &EnvVar) -> Option<Secret> {
        self.get(var).map(|value| Secret::new(value.trim()))
    }

    /// `1`, `true` or `yes` in any case.
    pub fn flag(&self, var: &EnvVar) -> bool {
        self.get(var).is_some_and(|value| ["1", "true", "yes"].contains(&value.trim().to_ascii_lowercase().as_str()))
    }

    /// `0`, `false`, `no` or `off` in any case.
    pub fn is_off(&self, var: &EnvVar) -> bool {
        self.get(var)
            .is_some_and(|value| ["0", "false", "no", "off"].contains(&value.trim().to_ascii_lowercase().as_str()))
    }

    /// What custom connectors get to see: where programs are, language, proxies, Keboola's credentials, and what
    /// `CONNECTORS_ENV_ALLOW` names.
    pub fn for_connectors(&self) -> Vec<(String, String)> {
        const NAMES: [&str; 8] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"];
        let allowed = self.list(&super::env_vars::CONNECTORS_ENV_ALLOW);
        let is_seen = |name: &str| {
            NAMES.contains(&name)
                || name.starts_with("KEBOOLA_")
                || name.to_ascii_uppercase().ends_with("_PROXY")
                || allowed.iter().any(|allowed| allowed == name)
        };
        self.pairs().filter(|(name, _)| is_seen(name)).map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// The items of a comma list.
    pub fn list(&self, var: &EnvVar) -> Vec<String> {
        let list = self.get(var).unwrap_or_default();
        list.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    }

    /// Memory limit of DuckDB while it writes parquet, as DuckDB writes it.
    pub fn extract_memory(&self) -> &str {
        self.get(&super::env_vars::AGNES_EXTRACT_MEMORY).unwrap_or("1GB").trim()
    }

    /// What extractors leave free on the disk.
    pub fn disk_reserve(&self) -> Result<Reserve, String> {
        const MB: u64 = 1024 * 1024;
        let var = &super::env_vars::AGNES_EXTRACT_RESERVE_MB;
        let megabytes: Option<u64> = self.get(var).map(|_| self.number(var, 0)).transpose()?;
        Ok(Reserve(megabytes.map(|number| number.saturating_mul(MB))))
    }

    /// A number, or what to say about it.
    pub fn number<T: std::str::FromStr>(&self, var: &EnvVar, default: T) -> Result<T, String> {
        match self.get(var) {
            None => Ok(default),
            Some(text) => text.trim().parse().map_err(|_| format!("{} must be a whole number, not '{text}'", var.name)),
        }
    }

    /// A number between 1 and `most`, or what to say about it.
    pub fn bounded(&self, var: &EnvVar, default: u64, most: u64) -> Result<u64, String> {
        match self.number(var, default)? {
            number if (1..=most).contains(&number) => Ok(number),
            number => Err(format!("{} must be between 1 and {most}, not {number}", var.name)),
        }
    }

    /// All pairs, for handing on to a child process.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let inherited = self.overlay.iter().filter(|(name, _)| !self.process.contains_key(*name));
        self.process.iter().chain(inherited).map(|(name, value)| (name.as_str(), value.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::env_vars;
    use super::*;

    #[test]
    fn real_environment_wins_over_the_overlay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env_overlay");
        std::fs::write(&path, "# comment\nDOMAIN=overlay.example\nAGNES_PORT=9000\nbroken line\n").unwrap();
        let env = Environment::from_pairs([("AGNES_PORT", "8123"), ("DEBUG", "Yes"), ("LOG_LEVEL", " ")])
            .with_overlay(&path)
            .unwrap();
        assert_eq!(env.get(&env_vars::DOMAIN), Some("overlay.example"));
        assert_eq!(env.number(&env_vars::AGNES_PORT, 8000_u16), Ok(8123));
        assert!(env.flag(&env_vars::DEBUG));
        assert_eq!(env.get(&env_vars::LOG_LEVEL), None);
        assert!(!format!("{env:?}").contains("8123"));
        let bad = Environment::from_pairs([("AGNES_PORT", "many")]);
        assert_eq!(
            bad.number(&env_vars::AGNES_PORT, 1_u16).unwrap_err(),
            "AGNES_PORT must be a whole number, not 'many'"
        );
    }
}
