//! `agnes auth token`

use std::process::ExitCode;
use std::str::FromStr;

use reqwest::Method;
use serde_json::Value;

use crate::base::time;
use crate::cli::admin::{Listing, listed};
use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::tokens::{CreateToken, CreatedToken, Token};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Make a token; it is shown this once
    Create {
        /// For you to tell tokens apart
        #[arg(long)]
        name: String,
        /// How long it is good: days like 90d, or never
        #[arg(long, default_value = "90d")]
        ttl: Ttl,
        /// `no-admin` makes a token without your admin rights
        #[arg(long, default_value = "general")]
        scope: String,
        /// Print the token and nothing else
        #[arg(long)]
        raw: bool,
    },
    /// List your tokens
    List(Listing),
    /// Revoke a token
    Revoke {
        /// Id, prefix or name
        // Not `token`: that is the option with which somebody signs in.
        #[arg(value_name = "TOKEN")]
        reference: String,
    },
}

/// Days; none for a token that does not end by itself.
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

impl Command {
    pub fn json(&self) -> bool {
        matches!(self, Self::List(listing) if listing.json)
    }
}

const TOKENS: [&str; 2] = ["auth", "tokens"];

pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    let client = context.client()?;
    context.block_on(async {
        match command {
            Command::Create { name, ttl: Ttl(days), scope, raw } => {
                let request = CreateToken { name, expires_in_days: days, ttl_seconds: None, scope };
                create(&request, raw, &client, context).await
            }
            Command::List(_) => list(&client, context).await,
            Command::Revoke { reference } => {
                let tokens: Vec<Token> = client.get(&TOKENS, &[]).await.map_err(CliError::failed)?;
                revoke(&TOKENS, find(&tokens, |token| token, &reference)?, &client, context).await
            }
        }
    })??;
    Ok(ExitCode::SUCCESS)
}

async fn create(request: &CreateToken, raw: bool, client: &Client, context: &Context) -> anyhow::Result<()> {
    let made: CreatedToken = client.send(Method::POST, &TOKENS, request).await.map_err(CliError::failed)?;
    if raw {
        return Ok(context.printer.line(made.token)?);
    }
    let expires = made.expires_at.as_deref().unwrap_or("never");
    context.printer.line(format_args!(
        "Created a token. It is shown this once:\n\n  {token}\n\nid: {}\nname: {}\nexpires: {expires}\n\n\
         export AGNES_TOKEN={token}",
        made.id,
        made.name,
        token = made.token,
    ))?;
    Ok(())
}

async fn list(client: &Client, context: &Context) -> anyhow::Result<()> {
    let Some(tokens) = listed::<Vec<Token>>(client, context, &TOKENS, &[]).await? else { return Ok(()) };
    if tokens.is_empty() {
        return Ok(context.printer.line("No tokens yet. Make one with: agnes auth token create --name NAME")?);
    }
    context.printer.line(row(["ID", "NAME", "PREFIX", "EXPIRES", "LAST USED", "STATUS"]))?;
    for token in &tokens {
        context.printer.line(row(cells(token)))?;
    }
    Ok(())
}

/// One line of a listing of tokens.
pub fn row([id, name, prefix, expires, used, status]: [&str; 6]) -> String {
    format!("{id:<36}  {name:<20}  {prefix:<10}  {expires:<20}  {used:<20}  {status}")
}

pub fn cells(token: &Token) -> [&str; 6] {
    let now = time::spaced(time::now());
    let is_over = token.expires_at.as_ref().is_some_and(|end| *end < now);
    let status = match (&token.revoked_at, is_over) {
        (Some(_), _) => "revoked",
        (None, true) => "expired",
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

/// The one token with this id, prefix or name. Revoked ones count only where no other is meant.
pub fn find<'a, T>(all: &'a [T], token: impl Fn(&'a T) -> &'a Token, reference: &str) -> Result<&'a Token, CliError> {
    let all = || all.iter().map(&token);
    if let Some(found) = all().find(|token| token.id == reference) {
        return Ok(found);
    }
    let meant: Vec<&Token> = all().filter(|token| token.prefix == reference || token.name == reference).collect();
    let good: Vec<&Token> = meant.iter().copied().filter(|token| token.revoked_at.is_none()).collect();
    match (if good.is_empty() { meant } else { good }).as_slice() {
        [] => Err(CliError::new("not_found", format!("No token matches {reference}"))),
        [one] => Ok(one),
        many => {
            let ids: Vec<&str> = many.iter().map(|token| token.id.as_str()).collect();
            let text = format!("Several tokens match {reference}, so none was revoked: {}", ids.join(", "));
            Err(CliError::new("ambiguous", text).hint("Name one by its id."))
        }
    }
}

/// Revokes a token of the list at `path`.
pub async fn revoke(path: &[&str], token: &Token, client: &Client, context: &Context) -> anyhow::Result<()> {
    let path = [path, &[&token.id]].concat();
    client.tell(Method::DELETE, &path, &Value::Null).await.map_err(CliError::failed)?;
    context.printer.line(format_args!("Revoked token {} ({})", token.id, token.name))?;
    Ok(())
}
