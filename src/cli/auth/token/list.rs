use super::TOKENS;
use crate::base::time;
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::tokens::Token;

/// List your tokens
#[derive(clap::Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let tokens = context.api()?.get::<Vec<Token>>(&TOKENS, &[])?;
        let columns = [("ID", 36), ("NAME", 20), ("PREFIX", 10), ("EXPIRES", 20), ("LAST USED", 20), ("STATUS", 0)];
        let mut table = Table::listing(columns);
        for token in &tokens.body {
            table.row(cells(token));
        }
        match tokens.body.is_empty() {
            true => Output::message("No tokens yet. Make one with: agnes auth token create --name NAME"),
            false => Output::default().table(table),
        }
        .json(&tokens.json)
    }
}

/// Id, name, prefix, expiry, last use and status.
pub fn cells(token: &Token) -> [&str; 6] {
    let now = time::spaced(time::now());
    let is_expired = token.expires_at.as_ref().is_some_and(|end| *end < now);
    let status = match (&token.revoked_at, is_expired) {
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
