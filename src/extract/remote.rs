//! Tables that stay at their source: what an extract says of the way there, and which of that is let happen.
//!
//! Whoever writes an extract is not trusted. A token goes only where the operator said; a view may read nothing but what
//! its extract attaches; everything is attached read-only.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::ident::{self, quote_ident, quote_literal};
use crate::base::secret::Secret;
use crate::config::{Environment, env_vars};
use crate::engine::parse::{Parsed, Parser};
use crate::engine::{self, Connection, Limits};

/// How long it may take to reach a source.
const DEADLINE: Duration = Duration::from_secs(20);
/// Extensions of DuckDB's community; others are DuckDB's own.
const COMMUNITY: [&str; 2] = ["keboola", "bigquery"];
/// What a PostgreSQL address may say; everything else could name files or other hosts.
const POSTGRES_KEYS: [&str; 6] = ["host", "port", "dbname", "user", "sslmode", "connect_timeout"];

/// A row of `_remote_attach`.
#[derive(Clone, Debug, Deserialize, Hash, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RemoteAttach {
    /// What the views call it.
    pub alias: String,
    /// `postgres`, `keboola`, `bigquery`.
    pub extension: String,
    pub url: String,
    /// Name of the variable that holds the token or password; empty for none.
    pub token_env: String,
}

/// How the rows of a table that stays at its source are read.
#[derive(Clone, Debug, Deserialize, Hash, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RemoteTable {
    /// The body of its view, over the attached catalogs.
    pub select: String,
    pub attach: Vec<RemoteAttach>,
}

/// What the operator allows.
#[derive(Clone, Debug)]
pub struct RemotePolicy {
    extensions: Vec<String>,
    token_envs: Vec<String>,
    /// By the variables that hold them.
    tokens: HashMap<String, Secret>,
    hosts: Vec<String>,
    directory: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("_remote_attach: {0}")]
    Refused(String),
    #[error("the source of {alias} cannot be reached: {reason}")]
    Unreachable { alias: String, reason: String },
    #[error("its view {0}; it may only select from what _remote_attach names")]
    View(String),
}

impl RemotePolicy {
    pub fn new(env: &Environment, keboola_stack: Option<&str>) -> Self {
        let mut hosts = env.list_if_set(&env_vars::AGNES_REMOTE_ATTACH_HOSTS);
        hosts.extend(keboola_stack.and_then(|stack| url::Url::parse(stack).ok()?.host_str().map(str::to_owned)));
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

    /// Where extensions lie.
    pub fn limits(&self, limits: &Limits) -> Limits {
        Limits { extensions: self.directory.clone(), ..limits.clone() }
    }

    /// Attaches every source, read-only. Nothing may run on the connection but this until [`engine::Sandbox::lock`].
    pub fn attach(&self, connection: &Connection, sources: &[RemoteAttach]) -> Result<(), RemoteError> {
        for source in sources {
            let token = self.check(source).map_err(RemoteError::Refused)?;
            let attached =
                engine::within(connection, DEADLINE, |connection| attach(connection, source, token.as_ref()));
            attached.map_err(|error| {
                let reason = without(&engine::message(&error), token.as_ref());
                RemoteError::Unreachable { alias: source.alias.clone(), reason }
            })?;
        }
        Ok(())
    }

    /// The token to use, or why the source is refused.
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
        let host = host(extension, url)?;
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

/// The host that an address leads to; `None` where the extension knows it itself.
fn host(extension: &str, url: &str) -> Result<Option<String>, String> {
    if url.chars().any(|c| c.is_control() || c == '\'' || c == '\\') {
        return Err("the url holds characters that no address has".into());
    }
    match extension {
        // `project=… [billing_project=…]`: always Google.
        "bigquery" => Ok(None),
        "postgres" => {
            let mut host = None;
            for item in url.split_whitespace() {
                let Some((key, value)) = item.split_once('=').filter(|(key, _)| POSTGRES_KEYS.contains(key)) else {
                    let keys = POSTGRES_KEYS.join("=, ");
                    return Err(format!("{item:?} is not understood; a PostgreSQL address is made of {keys}="));
                };
                if key == "host" && host.replace(value.to_owned()).is_some() {
                    return Err("two hosts".into());
                }
            }
            let host = host.filter(|host| !host.is_empty() && !host.contains([',', '/']));
            host.map(Some).ok_or_else(|| "a PostgreSQL address needs one host=".into())
        }
        _ => {
            let parsed = url::Url::parse(url).map_err(|error| format!("{url:?} is no address: {error}"))?;
            let host = parsed.host_str().filter(|_| parsed.scheme() == "https").map(str::to_owned);
            host.map(Some).ok_or_else(|| format!("{url:?} is no https address"))
        }
    }
}

fn attach(connection: &Connection, source: &RemoteAttach, token: Option<&Secret>) -> engine::Result<()> {
    let RemoteAttach { alias, extension, url, .. } = source;
    if connection.execute_batch(&format!("LOAD {extension}")).is_err() {
        let from = if COMMUNITY.contains(&extension.as_str()) { " FROM community" } else { "" };
        connection.execute_batch(&format!("INSTALL {extension}{from}; LOAD {extension}"))?;
    }
    let (name, secret) = (quote_ident(alias), quote_ident(&format!("token_{alias}")));
    let token = token.map(|token| quote_literal(token.expose()));
    match (extension.as_str(), token) {
        ("postgres", token) => {
            let url = if url.contains("connect_timeout=") { url.clone() } else { format!("{url} connect_timeout=10") };
            let password = token.map(|token| format!(", PASSWORD {token}")).unwrap_or_default();
            connection.execute_batch(&format!("CREATE SECRET {secret} (TYPE postgres{password})"))?;
            let url = quote_literal(&url);
            connection.execute_batch(&format!("ATTACH {url} AS {name} (TYPE postgres, SECRET {secret}, READ_ONLY)"))
        }
        ("bigquery", Some(token)) => {
            connection.execute_batch(&format!("CREATE SECRET {secret} (TYPE bigquery, ACCESS_TOKEN {token})"))?;
            connection.execute_batch(&format!("ATTACH {} AS {name} (TYPE bigquery, READ_ONLY)", quote_literal(url)))
        }
        (extension, token) => {
            let token = token.map(|token| format!(", TOKEN {token}")).unwrap_or_default();
            let url = quote_literal(url);
            connection.execute_batch(&format!("ATTACH {url} AS {name} (TYPE {extension}{token}, READ_ONLY)"))
        }
    }
}

/// A message without the token.
fn without(message: &str, token: Option<&Secret>) -> String {
    match token {
        Some(token) => message.replace(token.expose(), "***"),
        None => message.to_owned(),
    }
}

impl RemoteTable {
    /// From the text of a view of an extract, after making sure that it reads nothing but what `attach` names.
    pub fn of_view(parser: &Parser, sql: &str, attach: &[RemoteAttach]) -> Result<Self, RemoteError> {
        let refuse = |reason: &str| RemoteError::View(reason.to_owned());
        let (head, select) = sql.split_once(" AS ").ok_or_else(|| refuse("is no SELECT"))?;
        if head.contains('(') {
            return Err(refuse("names its columns in parentheses; name them in the SELECT"));
        }
        let select = select.trim().trim_end_matches(';').to_owned();
        let parsed = parser.parse(&select).map_err(|error| refuse(&engine::message(&error)))?;
        let statement = match parsed {
            Parsed::Selects(statements) if statements.len() == 1 => statements.into_iter().next().unwrap_or_default(),
            _ => return Err(refuse("is no single SELECT")),
        };
        check_reads(&statement, attach)?;
        Ok(Self { select, attach: attach.to_vec() })
    }
}

fn check_reads(value: &Value, attach: &[RemoteAttach]) -> Result<(), RemoteError> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_reads(item, attach)),
        Value::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
            match text("type") {
                "BASE_TABLE" => {
                    let catalog =
                        if text("catalog_name").is_empty() { text("schema_name") } else { text("catalog_name") };
                    if !attach.iter().any(|source| source.alias.eq_ignore_ascii_case(catalog)) {
                        return Err(RemoteError::View(format!("reads {:?}", text("table_name"))));
                    }
                }
                "TABLE_FUNCTION" => {
                    let function = object.get("function").and_then(|function| function["function_name"].as_str());
                    let is_bigquery = attach.iter().any(|source| source.extension == "bigquery");
                    if !(is_bigquery && function == Some("bigquery_query")) {
                        return Err(RemoteError::View(format!("calls {}", function.unwrap_or("a function"))));
                    }
                }
                "SHOW_REF" => return Err(RemoteError::View("lists a catalog".into())),
                _ => {}
            }
            object.values().try_for_each(|value| check_reads(value, attach))
        }
        _ => Ok(()),
    }
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
        RemotePolicy::new(&env, Some("https://connection.keboola.com"))
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

    #[test]
    fn views_read_only_what_is_attached() {
        let parser = Parser::new().unwrap();
        let of = |sql: &str| RemoteTable::of_view(&parser, sql, &[source("postgres", "", "")]);
        let good = of("CREATE VIEW orders AS SELECT id, upper(name) AS n FROM pg.public.orders;").unwrap();
        assert_eq!(good.select, "SELECT id, upper(name) AS n FROM pg.public.orders");
        assert!(of("CREATE VIEW orders AS SELECT * FROM pg.orders").is_ok());
        for bad in [
            "CREATE VIEW x AS SELECT * FROM read_text('/etc/passwd')",
            "CREATE VIEW x AS SELECT * FROM '/etc/passwd.csv'",
            "CREATE VIEW x AS SELECT * FROM main._meta",
            "CREATE VIEW x AS SELECT * FROM postgres_query('pg', 'SELECT pg_read_file(1)')",
            "CREATE VIEW x AS SELECT * FROM pg.public.orders WHERE id IN (SELECT i FROM other.main.t)",
            "CREATE VIEW x AS SELECT * FROM (SHOW TABLES)",
            "CREATE VIEW x AS SELECT 1; DROP TABLE y",
            "CREATE VIEW x (a) AS SELECT id FROM pg.orders",
            "CREATE TABLE x (i INT)",
        ] {
            assert!(matches!(of(bad), Err(RemoteError::View(_))), "{bad}");
        }
    }
}
