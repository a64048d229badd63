use super::{Listing, listed};
use crate::cli::auth::token;
use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::tokens::OwnedToken;

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List the personal access tokens of everybody
    List(Listing),
    /// Revoke somebody's token
    Revoke {
        /// Id, prefix or name
        // Not `token`: that is the option with which somebody signs in.
        #[arg(value_name = "TOKEN")]
        reference: String,
    },
}

impl Command {
    pub fn json(&self) -> bool {
        matches!(self, Self::List(listing) if listing.json)
    }
}

const TOKENS: [&str; 3] = ["auth", "admin", "tokens"];

pub async fn run(command: Command, client: &Client, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::List(_) => {
            let Some(tokens) = listed::<Vec<OwnedToken>>(client, context, &TOKENS, &[]).await? else { return Ok(()) };
            let row = |owner: &str, cells| format!("{owner:<30}  {}", token::row(cells));
            context.printer.line(row("OWNER", ["ID", "NAME", "PREFIX", "EXPIRES", "LAST USED", "STATUS"]))?;
            for owned in &tokens {
                let owner = owned.user_email.as_deref().unwrap_or("(gone)");
                context.printer.line(row(owner, token::cells(&owned.token)))?;
            }
            Ok(())
        }
        Command::Revoke { reference } => {
            let tokens: Vec<OwnedToken> = client.get(&TOKENS, &[]).await.map_err(CliError::failed)?;
            let found = token::find(&tokens, |owned| &owned.token, &reference)?;
            token::revoke(&TOKENS, found, client, context).await
        }
    }
}
