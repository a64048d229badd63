//! The process environment with `state/.env_overlay` beneath it: the only way to read a variable, at start.

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::env_vars::{self, EnvVar};
use super::value::{self, WrongValue};
use crate::base::disk::Reserve;
use crate::base::if_exists;
use crate::base::memory;
use crate::base::platform::processes;
use crate::base::secret::Secret;

/// Values of environment variables; any may be a secret, so `Debug` shows none. Tests build one from a list instead of
/// changing the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    process: HashMap<String, Secret>,
    overlay: HashMap<String, Secret>,
}

impl Environment {
    pub fn process() -> Self {
        // A variable that is not valid UTF-8 cannot be one of ours.
        let text =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::from_pairs(text)
    }

    pub fn from_pairs(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        let process = pairs.into_iter().map(|(name, value)| (name.into(), Secret::new(value))).collect();
        Self { process, overlay: HashMap::new() }
    }

    /// Adds the `KEY=value` lines of an overlay file; `#` starts a comment. A missing file is fine.
    pub fn with_overlay(mut self, path: &Path) -> std::io::Result<Self> {
        let text = if_exists(std::fs::read_to_string(path))?.unwrap_or_default();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if let Some((name, value)) = line.split_once('=') {
                self.overlay.insert(name.trim().to_owned(), Secret::new(value.trim()));
            }
        }
        Ok(self)
    }

    /// Adds variables as if the overlay file had them.
    pub fn overlaid(mut self, variables: &[(&'static str, Secret)]) -> Self {
        self.overlay.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self
    }

    /// Checks every declared variable but those of the command line.
    pub fn check(&self) -> Result<(), WrongValue> {
        let mut vars = env_vars::ALL.iter().filter(|var| var.section != env_vars::COMMAND_LINE);
        vars.try_for_each(|var| self.checked(var).map(|_| ()))
    }

    /// The value of a declared variable without surrounding blanks; empty counts as unset.
    pub fn get(&self, var: &EnvVar) -> Option<&str> {
        self.named(var.name).map(str::trim)
    }

    /// The value, or else the declared default.
    pub fn text(&self, var: &EnvVar) -> &str {
        self.get(var).unwrap_or(var.default)
    }

    /// A value that was checked, if there is one.
    fn checked(&self, var: &EnvVar) -> Result<Option<&str>, WrongValue> {
        let value = self.get(var);
        value.map_or(Ok(()), |value| var.check(value)).map(|()| value)
    }

    /// A number, or else the declared default.
    pub fn number<T: FromStr>(&self, var: &EnvVar) -> Result<T, WrongValue> {
        let text = self.checked(var)?.unwrap_or(var.default);
        text.parse().map_err(|_| format!("{} must be a smaller number, not {text}", var.name).into())
    }

    /// A number, where the variable is set.
    pub fn number_if_set<T: FromStr>(&self, var: &EnvVar) -> Result<Option<T>, WrongValue> {
        self.get(var).map(|_| self.number(var)).transpose()
    }

    /// A number of seconds, or else the declared default.
    pub fn duration(&self, var: &EnvVar) -> Result<Duration, WrongValue> {
        self.number(var).map(Duration::from_secs)
    }

    /// A size in bytes, or else the declared default.
    pub fn bytes(&self, var: &EnvVar) -> Result<u64, WrongValue> {
        let text = self.checked(var)?.unwrap_or(var.default);
        memory::parse_size(text).ok_or_else(|| format!("{} is not a size: {text}", var.name).into())
    }

    /// The value of a variable whose name comes from configuration (`token_env`, `${NAME}`).
    pub fn named(&self, name: &str) -> Option<&str> {
        [&self.process, &self.overlay]
            .into_iter()
            .filter_map(|values| find(values, name))
            .map(Secret::expose)
            .find(|value| !value.trim().is_empty())
    }

    /// Returns whether the process was started with a variable that is not empty, which wins over the overlay.
    pub fn is_inherited(&self, name: &str) -> bool {
        find(&self.process, name).is_some_and(|value| !value.expose().trim().is_empty())
    }

    /// The home directory of the user.
    pub fn home(&self) -> Option<&Path> {
        self.named("HOME").or_else(|| self.named("USERPROFILE")).map(Path::new)
    }

    /// Whether a variable is set at all, even to an empty value.
    pub fn is_set(&self, var: &EnvVar) -> bool {
        self.process.contains_key(var.name) || self.overlay.contains_key(var.name)
    }

    pub fn secret(&self, var: &EnvVar) -> Option<Secret> {
        self.get(var).map(Secret::new)
    }

    /// Whether a flag is on, or else its declared default.
    pub fn flag(&self, var: &EnvVar) -> bool {
        value::ON.iter().any(|word| word.eq_ignore_ascii_case(self.text(var)))
    }

    /// The items of a comma-separated list, or else of the declared default.
    pub fn list(&self, var: &EnvVar) -> Vec<String> {
        items(self.text(var))
    }

    /// The items of a comma-separated list; none while it is unset.
    pub fn list_if_set(&self, var: &EnvVar) -> Vec<String> {
        items(self.get(var).unwrap_or_default())
    }

    /// What custom connectors get to see: where programs are, language, proxies, Keboola's credentials, and the
    /// variables that `CONNECTORS_ENV_ALLOW` names.
    pub fn for_connectors(&self) -> Vec<(String, String)> {
        const NAMES: [&str; 8] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"];
        let allowed = self.list_if_set(&env_vars::CONNECTORS_ENV_ALLOW);
        let is_seen = |name: &str| {
            NAMES.contains(&name)
                || Self::is_of_system(name)
                || name.starts_with("KEBOOLA_")
                || name.to_ascii_uppercase().ends_with("_PROXY")
                || allowed.iter().any(|allowed| allowed == name)
        };
        self.pairs().filter(|(name, _)| is_seen(name)).map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// Disk space that extractors leave free.
    pub fn disk_reserve(&self) -> Result<Reserve, WrongValue> {
        let megabytes: Option<u64> = self.number_if_set(&env_vars::AGNES_EXTRACT_RESERVE_MB)?;
        Ok(Reserve(megabytes.map(|number| number * 1024 * 1024)))
    }

    /// What every program needs on this system, for child processes that get to see little.
    pub fn of_system(&self) -> impl Iterator<Item = (String, String)> + '_ {
        processes::VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), self.named(name)?.to_owned())))
    }

    /// Returns whether every program on this system needs a variable.
    pub fn is_of_system(name: &str) -> bool {
        processes::VARIABLES.iter().any(|variable| variable.eq_ignore_ascii_case(name))
    }

    /// All variables, for child processes.
    pub fn variables(&self) -> Vec<(String, Secret)> {
        self.pairs().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect()
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let inherited = self.overlay.iter().filter(|(name, _)| !self.process.contains_key(*name));
        self.process.iter().chain(inherited).map(|(name, value)| (name.as_str(), value.expose()))
    }
}

fn find<'a>(values: &'a HashMap<String, Secret>, name: &str) -> Option<&'a Secret> {
    // Windows takes no notice of case.
    let similar = || values.iter().find(|(known, _)| cfg!(windows) && known.eq_ignore_ascii_case(name));
    values.get(name).or_else(|| similar().map(|(_, value)| value))
}

fn items(list: &str) -> Vec<String> {
    list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
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
        assert_eq!(env.number(&env_vars::AGNES_PORT), Ok(8123_u16));
        assert!(env.flag(&env_vars::DEBUG));
        assert_eq!(env.get(&env_vars::LOG_LEVEL), None);
        assert!(!format!("{env:?}").contains("8123"));
        let bad = Environment::from_pairs([("AGNES_PORT", "many")]);
        assert_eq!(bad.check().unwrap_err(), bad.number::<u16>(&env_vars::AGNES_PORT).unwrap_err());
        assert_eq!(env.number_if_set::<usize>(&env_vars::AGNES_QUERY_THREADS), Ok(None));
        assert!(env.flag(&env_vars::AGNES_AUTH_RATELIMIT_ENABLED) && !env.flag(&env_vars::LOCAL_DEV_MODE));
    }
}
