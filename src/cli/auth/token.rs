//! `agnes auth token`, and what `agnes admin token` shares with it.

use std::str::FromStr;

use reqwest::Method;

use crate::base::time;
use crate::cli::{Api, CliError, Context, Output, Run, Table};
use crate::protocol::tokens::{self, CreateToken, CreatedToken};

const TOKENS: [&str; 2] = ["auth", "tokens"];

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum Token {
    /// Create a token; it is shown only once
    Create {
        /// Name by which you tell tokens apart
        #[arg(long)]
        name: String,
        /// How long it is valid: days like 90d, or never
        #[arg(long, default_value = "90d")]
        ttl: Ttl,
        /// general; no-admin: without your admin rights; bootstrap-analyst: the same, for an hour
        #[arg(long, default_value = "general")]
        scope: String,
        /// Print the token and nothing else
        #[arg(long)]
        raw: bool,
    },
    /// List your tokens
    List,
    /// Revoke a token
    Revoke {
        /// Id, prefix or name
        // Not `token`: that is the global option.
        #[arg(value_name = "TOKEN")]
        reference: String,
    },
}

/// Days; none for a token that does not expire.
#[derive(Clone, Copy, Debug)]
pub struct Ttl(Option<i64>);

impl FromStr for Ttl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if ["never", "none", "no-expiry"].contains(&text) {
            return Ok(Self(None));
        }
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| *days > 0);
        days.map(|days| Self(Some(days))).ok_or("write it like 90d, or never")
    }
}

impl Run for Token {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        match self {
            Self::Create { name, ttl, scope, raw } => {
                let request = CreateToken { name, expires_in_days: ttl.0, ttl_seconds: None, scope };
                let created = api.send::<CreatedToken>(Method::POST, &TOKENS, &request)?;
                let CreatedToken { id, name, token, expires_at, .. } = &created.body;
                let expires = expires_at.as_deref().unwrap_or("never");
                match raw {
                    true => Output::message(token),
                    false => Output::message("Created a token. It is shown this once:")
                        .line("")
                        .line(format_args!("  {token}"))
                        .line("")
                        .line(format_args!("id: {id}"))
                        .line(format_args!("name: {name}"))
                        .line(format_args!("expires: {expires}"))
                        .line("")
                        .line(format_args!("export AGNES_TOKEN={token}")),
                }
                .json(&created.json)
            }
            Self::List => {
                let tokens = api.get::<Vec<tokens::Token>>(&TOKENS, &[])?;
                let mut table = Table::listing(COLUMNS);
                tokens.body.iter().for_each(|token| table.row(cells(token)));
                match tokens.body.is_empty() {
                    true => Output::message("No tokens yet. Make one with: agnes auth token create --name NAME"),
                    false => Output::default().table(table),
                }
                .json(&tokens.json)
            }
            Self::Revoke { reference } => {
                let tokens: Vec<tokens::Token> = api.get(&TOKENS, &[])?.body;
                revoke(&api, &TOKENS, tokens.iter(), &reference)
            }
        }
    }
}

/// The columns of a list of tokens; [`cells`] makes a row.
pub const COLUMNS: [(&str, isize); 6] =
    [("ID", 36), ("NAME", 20), ("PREFIX", 10), ("EXPIRES", 20), ("LAST USED", 20), ("STATUS", 0)];

/// Id, name, prefix, expiry, last use and status.
pub fn cells(token: &tokens::Token) -> [&str; 6] {
    let now = time::spaced(time::now());
    let is_expired = token.expires_at.as_ref().is_some_and(|end| *end < now);
    let status = match (&token.revoked_at, is_expired) {
        (Some(_), _) => "revoked",
        (None, true) => "expired",
        (None, false) if token.problem.is_some() => "opens nothing: unknown scope",
        (None, false) => "active",
    };
    let expires = token.expires_at.as_deref().map_or("never", seconds);
    let used = token.last_used_at.as_deref().map_or("-", seconds);
    [&token.id, &token.name, &token.prefix, expires, used, status]
}

/// A time without fractions of seconds.
fn seconds(time: &str) -> &str {
    time.split('.').next().unwrap_or(time)
}

/// Revokes the referenced one of `tokens`, which were listed at `path`.
pub fn revoke<'a>(
    api: &Api,
    path: &[&str],
    tokens: impl Iterator<Item = &'a tokens::Token>,
    reference: &str,
) -> anyhow::Result<Output> {
    let tokens::Token { id, name, .. } = find(tokens.collect(), reference)?;
    api.call(Method::DELETE, &[path, &[id]].concat())?;
    Ok(Output::message(format_args!("Revoked token {id} ({name})")))
}

/// The one token with this id, prefix or name. Revoked ones count only where no other matches.
fn find<'a>(tokens: Vec<&'a tokens::Token>, reference: &str) -> Result<&'a tokens::Token, CliError> {
    if let Some(token) = tokens.iter().find(|token| token.id == reference) {
        return Ok(token);
    }
    let mut matches = tokens;
    matches.retain(|token| token.prefix == reference || token.name == reference);
    if matches.iter().any(|token| token.revoked_at.is_none()) {
        matches.retain(|token| token.revoked_at.is_none());
    }
    match matches.as_slice() {
        [] => Err(CliError::bare("not_found", format!("No token matches {reference}"))),
        [token] => Ok(token),
        several => {
            let ids: Vec<&str> = several.iter().map(|token| token.id.as_str()).collect();
            let text = format!("Several tokens match {reference}, so none was revoked: {}", ids.join(", "));
            Err(CliError::bare("ambiguous", text).hint("Name one by its id."))
        }
    }
}
