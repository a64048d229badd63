//! `agnes admin token`

use crate::cli::auth::token::{COLUMNS, cells, revoke};
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::tokens::OwnedToken;

const TOKENS: [&str; 3] = ["auth", "admin", "tokens"];

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum Token {
    /// List the personal access tokens of everybody
    List,
    /// Revoke somebody's token
    Revoke {
        /// Id, prefix or name
        // Not `token`: that is the global option.
        #[arg(value_name = "TOKEN")]
        reference: String,
    },
}

impl Run for Token {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let tokens = api.get::<Vec<OwnedToken>>(&TOKENS, &[])?;
        if let Self::Revoke { reference } = self {
            return revoke(&api, &TOKENS, tokens.body.iter().map(|owned| &owned.token), &reference);
        }
        let [id, name, prefix, expires, used, status] = COLUMNS;
        let mut table = Table::listing([("OWNER", 30), id, name, prefix, expires, used, status]);
        for owned in &tokens.body {
            let owner = owned.user_email.as_deref().unwrap_or("(gone)");
            let [id, name, prefix, expires, used, status] = cells(&owned.token);
            table.row([owner, id, name, prefix, expires, used, status]);
        }
        Output::default().table(table).json(&tokens.json)
    }
}
