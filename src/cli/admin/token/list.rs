use super::TOKENS;
use crate::cli::auth::token::cells;
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::tokens::OwnedToken;

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
