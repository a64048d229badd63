use std::str::FromStr;

use reqwest::Method;

use super::TOKENS;
use crate::cli::{Context, Output, Run};
use crate::protocol::tokens::{CreateToken, CreatedToken};

/// Create a token; it is shown only once
#[derive(clap::Args, Debug)]
pub struct Create {
    /// Name by which you tell tokens apart
    #[arg(long)]
    name: String,
    /// How long it is valid: days like 90d, or never
    #[arg(long, default_value = "90d")]
    ttl: Ttl,
    /// `no-admin` makes a token without your admin rights
    #[arg(long, default_value = "general")]
    scope: String,
    /// Print the token and nothing else
    #[arg(long)]
    raw: bool,
}

/// Days; none for a token that does not expire.
#[derive(Clone, Copy, Debug)]
struct Ttl(Option<i64>);

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

impl Run for Create {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let request =
            CreateToken { name: self.name, expires_in_days: self.ttl.0, ttl_seconds: None, scope: self.scope };
        let answer = context.api()?.send::<CreatedToken>(Method::POST, &TOKENS, &request)?;
        let CreatedToken { id, name, token, expires_at, .. } = answer.body;
        let expires = expires_at.as_deref().unwrap_or("never");
        match self.raw {
            true => Output::message(token),
            false => Output::message(format_args!(
                "Created a token. It is shown this once:\n\n  {token}\n\nid: {id}\nname: {name}\nexpires: {expires}\n\n\
                 export AGNES_TOKEN={token}",
            )),
        }
        .json(&answer.json)
    }
}
