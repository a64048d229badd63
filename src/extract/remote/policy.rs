//! What may be attached.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize, Serializer};

use super::extensions;
use super::postgres::{Attached, Exact};
use super::{RemoteAttach, RemoteError};
use crate::base::ident;
use crate::base::secret::Secret;
use crate::config::{Environment, env_vars};
use crate::engine::{self, Connection, Limits};

/// How long it may take to reach a source.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What the operator allows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RemotePolicy {
    extensions: Vec<String>,
    token_envs: Vec<String>,
    /// By the variables that hold them.
    #[serde(serialize_with = "exposed")]
    tokens: HashMap<String, Secret>,
    hosts: Vec<String>,
    directory: Option<PathBuf>,
}

impl RemotePolicy {
    /// What the environment allows; the hosts of the instance's own sources are allowed anyway.
    pub fn new(env: &Environment, own: &[RemoteAttach]) -> Self {
        let mut hosts = env.list_if_set(&env_vars::AGNES_REMOTE_ATTACH_HOSTS);
        hosts.extend(own.iter().filter_map(|source| url::Url::parse(&source.url).ok()?.host_str().map(str::to_owned)));
        let token_envs = env.list(&env_vars::AGNES_REMOTE_ATTACH_TOKEN_ENVS);
        let token = |name: &String| Some((name.clone(), Secret::new(env.named(name)?)));
        Self {
            extensions: env.list(&env_vars::AGNES_REMOTE_ATTACH_EXTENSIONS),
            tokens: token_envs.iter().filter_map(token).collect(),
            token_envs,
            hosts,
            directory: env.get(&env_vars::AGNES_EXTENSION_DIR).map(Into::into),
        }
    }

    /// The same without the tokens of other sources, for a process that reaches only these.
    pub fn only_for<'a>(mut self, sources: impl IntoIterator<Item = &'a RemoteAttach>) -> Self {
        let used: HashSet<_> = sources.into_iter().map(|source| &source.token_env).collect();
        self.tokens.retain(|variable, _| used.contains(variable));
        self
    }

    /// For the log at start.
    pub fn describe(&self) -> String {
        let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
        format!(
            "remote tables: extensions {}; token variables {}; hosts {}",
            list(&self.extensions),
            list(&self.token_envs),
            list(&self.hosts)
        )
    }

    /// The limits, with the directory of extensions.
    pub fn limits(&self, limits: &Limits) -> Limits {
        Limits { extensions: self.directory.clone(), ..limits.clone() }
    }

    /// Attaches every source, read-only. Nothing may run on the connection but this until [`engine::Sandbox::lock`].
    pub fn attach(&self, connection: &Connection, sources: &[RemoteAttach]) -> Result<(), RemoteError> {
        sources.iter().try_for_each(|source| self.attach_as(connection, source, &source.alias))
    }

    /// Like [`Self::attach`], for runs whose values are checked: by [`Attached::run`]. The tables of `exact` are read
    /// exactly; `used` is the SQL that will name tables.
    pub fn attach_checked(
        &self,
        connection: &Connection,
        sources: &[RemoteAttach],
        exact: &[Exact],
        used: &str,
    ) -> Result<Attached, RemoteError> {
        let mut checked = Vec::new();
        for source in sources {
            let is_checked = extensions::extension(&source.extension).is_checked;
            let database =
                if is_checked && !exact.is_empty() { format!("{} source", source.alias) } else { source.alias.clone() };
            self.attach_as(connection, source, &database)?;
            if is_checked {
                checked.push((source.alias.clone(), database));
            }
        }
        let names = checked.iter().map(|(alias, _)| alias.as_str()).collect::<Vec<_>>().join(", ");
        let looked = engine::within(connection, TIMEOUT, |connection| {
            let attached = Attached::look(connection, checked)?;
            if !exact.is_empty() {
                attached.show(connection, exact, used)?;
            }
            Ok(attached)
        });
        looked
            .map_err(|error: engine::Error| RemoteError::Unreachable { alias: names, reason: engine::message(&error) })
    }

    fn attach_as(&self, connection: &Connection, source: &RemoteAttach, database: &str) -> Result<(), RemoteError> {
        let token = self.check(source).map_err(RemoteError::Refused)?;
        let attached = engine::within(connection, TIMEOUT, |connection| {
            extensions::attach(connection, source, database, token.as_ref())
        });
        attached.map_err(|error| {
            let mut reason = engine::message(&error);
            if let Some(token) = &token {
                reason = reason.replace(token.expose(), "***");
            }
            RemoteError::Unreachable { alias: source.alias.clone(), reason }
        })
    }

    /// Returns the token to use, or why the source is refused.
    fn check(&self, source: &RemoteAttach) -> Result<Option<Secret>, String> {
        let RemoteAttach { alias, extension, url, token_env } = source;
        if !ident::is_strict(alias) || ident::is_reserved_source(alias) || alias.eq_ignore_ascii_case("memory") {
            return Err(format!("{alias:?} cannot be an alias"));
        }
        if !self.extensions.contains(extension) || !ident::is_strict(extension) {
            return Err(format!(
                "extension {extension:?} is not allowed; AGNES_REMOTE_ATTACH_EXTENSIONS names those that are"
            ));
        }
        if url.chars().any(|c| c.is_control() || c == '\'' || c == '\\') {
            return Err("the url holds characters that no address has".into());
        }
        let host = (extensions::extension(extension).host)(url)?;
        if let Some(host) = host.filter(|host| !self.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))) {
            return Err(format!("host {host:?} is not allowed; AGNES_REMOTE_ATTACH_HOSTS names those that are"));
        }
        if token_env.is_empty() {
            return Ok(None);
        }
        if !self.token_envs.contains(token_env) {
            return Err(format!(
                "token variable {token_env:?} is not allowed; AGNES_REMOTE_ATTACH_TOKEN_ENVS names those that are"
            ));
        }
        self.tokens.get(token_env).cloned().map(Some).ok_or_else(|| format!("the variable {token_env} is not set"))
    }
}

/// The policy as it is now, for whoever lives through a change of it.
#[derive(Clone, Debug)]
pub struct SharedPolicy(Arc<ArcSwap<RemotePolicy>>);

impl SharedPolicy {
    pub fn new(policy: RemotePolicy) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    pub fn current(&self) -> Arc<RemotePolicy> {
        self.0.load_full()
    }

    pub fn replace(&self, policy: RemotePolicy) {
        self.0.store(Arc::new(policy));
    }
}

fn exposed<S: Serializer>(tokens: &HashMap<String, Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tokens.iter().map(|(variable, token)| (variable, token.expose())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(extension: &str, url: &str, token_env: &str) -> RemoteAttach {
        RemoteAttach { alias: "pg".into(), extension: extension.into(), url: url.into(), token_env: token_env.into() }
    }

    fn policy() -> RemotePolicy {
        let env = Environment::from_pairs([
            ("AGNES_REMOTE_ATTACH_EXTENSIONS", "postgres, keboola"),
            ("AGNES_REMOTE_ATTACH_TOKEN_ENVS", "PG_PASSWORD,KEBOOLA_STORAGE_TOKEN,UNSET"),
            ("AGNES_REMOTE_ATTACH_HOSTS", "db.example.com"),
            ("PG_PASSWORD", "secret"),
            ("KEBOOLA_STORAGE_TOKEN", "token"),
            ("JWT_SECRET_KEY", "never"),
        ]);
        RemotePolicy::new(&env, &[source("keboola", "https://connection.keboola.com", "")])
    }

    #[test]
    fn only_what_the_operator_named_is_attached() {
        let good = "host=db.example.com dbname=shop user=reader";
        let token = policy().check(&source("postgres", good, "PG_PASSWORD")).unwrap().unwrap();
        assert_eq!(token.expose(), "secret");
        assert!(policy().check(&source("postgres", good, "")).unwrap().is_none());
        assert!(policy().check(&source("keboola", "https://connection.keboola.com", "KEBOOLA_STORAGE_TOKEN")).is_ok());
        for (bad, word) in [
            (source("mysql", good, ""), "extension"),
            (source("bigquery", "project=x", ""), "extension"),
            (source("postgres", "host=evil.example dbname=x", "PG_PASSWORD"), "host"),
            (source("postgres", "host=db.example.com,evil.example", ""), "one host"),
            (source("postgres", "host=db.example.com hostaddr=10.0.0.1", ""), "hostaddr"),
            (source("postgres", "host=db.example.com passfile=/etc/passwd", ""), "passfile"),
            (source("postgres", "host=/run/postgresql", ""), "one host"),
            (source("postgres", "dbname=x", ""), "one host"),
            (source("postgres", "postgresql://db.example.com/x", ""), "not understood"),
            (source("postgres", "host=db.example.com dbname='x'", ""), "characters"),
            (source("keboola", "https://evil.example", "KEBOOLA_STORAGE_TOKEN"), "host"),
            (source("keboola", "http://connection.keboola.com", "KEBOOLA_STORAGE_TOKEN"), "https"),
            (source("postgres", good, "JWT_SECRET_KEY"), "token variable"),
            (source("postgres", good, "UNSET"), "not set"),
            (RemoteAttach { alias: "a b".into(), ..source("postgres", good, "") }, "alias"),
        ] {
            let refused = policy().check(&bad).unwrap_err();
            assert!(refused.contains(word), "{bad:?}: {refused}");
        }
    }
}
