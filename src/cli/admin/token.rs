//! `agnes admin token`

use crate::cli::auth::token::{cells, revoke};
use crate::cli::{Context, Output, Run, Table, commands};
use crate::protocol::tokens::OwnedToken;

const TOKENS: [&str; 3] = ["auth", "admin", "tokens"];

commands! {
    Token {
        List(List),
        Revoke(Revoke),
    }
}

/// List the personal access tokens of everybody
#[derive(clap::Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let tokens = context.api()?.get::<Vec<OwnedToken>>(&TOKENS, &[])?;
        let mut table = Table::listing([
            ("OWNER", 30),
            ("ID", 36),
            ("NAME", 20),
            ("PREFIX", 10),
            ("EXPIRES", 20),
            ("LAST USED", 20),
            ("STATUS", 0),
        ]);
        for owned in &tokens.body {
            let owner = owned.user_email.as_deref().unwrap_or("(gone)");
            let [id, name, prefix, expires, used, status] = cells(&owned.token);
            table.row([owner, id, name, prefix, expires, used, status]);
        }
        Output::default().table(table).json(&tokens.json)
    }
}

/// Revoke somebody's token
#[derive(clap::Args, Debug)]
pub struct Revoke {
    /// Id, prefix or name
    // Not `token`: that is the global option.
    #[arg(value_name = "TOKEN")]
    reference: String,
}

impl Run for Revoke {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let tokens: Vec<OwnedToken> = api.get(&TOKENS, &[])?.body;
        revoke(&api, &TOKENS, tokens.iter().map(|owned| &owned.token), &self.reference)
    }
}
