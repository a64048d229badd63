//! How each kind of source is attached.

use crate::base::ident::{quote_ident, quote_literal};
use crate::base::secret::Secret;
use crate::engine::{self, Connection};

use super::RemoteAttach;

/// What a PostgreSQL address may say; everything else could name files or other hosts.
const POSTGRES_KEYS: [&str; 6] = ["host", "port", "dbname", "user", "sslmode", "connect_timeout"];

/// A kind of source that DuckDB attaches.
pub(super) struct Extension {
    name: &'static str,
    is_community: bool,
    /// The host that an address leads to, or why there is none; `None`: the extension knows it.
    pub host: fn(&str) -> Result<Option<String>, String>,
    /// The statements that attach it.
    statements: fn(&Target<'_>) -> Vec<String>,
    /// Table functions that a view may call.
    pub functions: &'static [&'static str],
    /// Whether what it reads is checked by [`super::postgres`].
    pub is_checked: bool,
}

/// What a source is attached with, each quoted as SQL needs it.
struct Target<'a> {
    extension: &'a str,
    url: &'a str,
    catalog: String,
    /// Name for a secret of the engine.
    secret: String,
    token: Option<String>,
}

const KEBOOLA: Extension = Extension { name: "keboola", is_community: true, ..OTHER };

const BIGQUERY: Extension = Extension {
    name: "bigquery",
    is_community: true,
    // `project=… [billing_project=…]`: always Google.
    host: |_| Ok(None),
    statements: |Target { url, catalog, secret, token, .. }| {
        let secret = token.iter().map(|token| format!("CREATE SECRET {secret} (TYPE bigquery, ACCESS_TOKEN {token})"));
        let attach = format!("ATTACH {} AS {catalog} (TYPE bigquery, READ_ONLY)", quote_literal(url));
        secret.chain([attach]).collect()
    },
    functions: &["bigquery_query"],
    is_checked: false,
};

const POSTGRES: Extension = Extension {
    name: "postgres",
    is_community: false,
    host: postgres_host,
    statements: |Target { url, catalog, secret, token, .. }| {
        let url =
            if url.contains("connect_timeout=") { (*url).to_owned() } else { format!("{url} connect_timeout=10") };
        let password = token.iter().map(|token| format!(", PASSWORD {token}")).collect::<String>();
        let url = quote_literal(&url);
        vec![
            format!("CREATE SECRET {secret} (TYPE postgres{password})"),
            format!("ATTACH {url} AS {catalog} (TYPE postgres, SECRET {secret}, READ_ONLY)"),
        ]
    },
    functions: &[],
    is_checked: true,
};

/// Any other extension that the operator allows.
const OTHER: Extension = Extension {
    name: "",
    is_community: false,
    host: https_host,
    statements: |Target { extension, url, catalog, token, .. }| {
        let token = token.iter().map(|token| format!(", TOKEN {token}")).collect::<String>();
        vec![format!("ATTACH {} AS {catalog} (TYPE {extension}{token}, READ_ONLY)", quote_literal(url))]
    },
    functions: &[],
    is_checked: false,
};

pub(super) fn extension(name: &str) -> Extension {
    [KEBOOLA, BIGQUERY, POSTGRES].into_iter().find(|extension| extension.name == name).unwrap_or(OTHER)
}

/// Loads the extension of a source and attaches the source as `database`.
pub(super) fn attach(
    connection: &Connection,
    source: &RemoteAttach,
    database: &str,
    token: Option<&Secret>,
) -> engine::Result<()> {
    let RemoteAttach { extension: name, url, .. } = source;
    let extension = extension(name);
    if connection.execute_batch(&format!("LOAD {name}")).is_err() {
        let from = if extension.is_community { " FROM community" } else { "" };
        connection.execute_batch(&format!("INSTALL {name}{from}; LOAD {name}"))?;
    }
    let target = Target {
        extension: name,
        url,
        catalog: quote_ident(database),
        secret: quote_ident(&format!("token_{database}")),
        token: token.map(|token| quote_literal(token.expose())),
    };
    (extension.statements)(&target).iter().try_for_each(|statement| connection.execute_batch(statement))
}

fn postgres_host(url: &str) -> Result<Option<String>, String> {
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

fn https_host(url: &str) -> Result<Option<String>, String> {
    let parsed = url::Url::parse(url).map_err(|error| format!("{url:?} is not a valid address: {error}"))?;
    let host = parsed.host_str().filter(|_| parsed.scheme() == "https").map(str::to_owned);
    host.map(Some).ok_or_else(|| format!("{url:?} is not an https address"))
}
