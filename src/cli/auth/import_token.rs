use super::claims::Claims;
use crate::cli::{CliError, Context, Output, Run, exit, input};
use crate::client::Client;

/// Store an existing token (from --token, --token-stdin or AGNES_TOKEN)
#[derive(clap::Args, Debug)]
pub struct ImportToken {
    /// Read the token from stdin, so that no process list shows it
    #[arg(long)]
    token_stdin: bool,
    /// Address to remember with the token, instead of the one the server returns
    #[arg(long)]
    email: Option<String>,
    /// Store the token without asking the server whether it is valid
    #[arg(long)]
    skip_verify: bool,
}

impl Run for ImportToken {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let server = context.chosen_server()?.ok_or_else(|| {
            CliError::new("no_server", "no server given: a token belongs to one server")
                .hint("Add --server URL, or set AGNES_SERVER. Nothing was stored.")
        })?;
        let token = match self.token_stdin {
            true => input::piped_token(context)?,
            false => context.given_token()?.ok_or_else(|| {
                CliError::usage("no token given").hint("Use --token-stdin, --token @FILE, or set AGNES_TOKEN.")
            })?,
        };
        let claimed = Claims::of(&token)?.email().map(str::to_owned);
        let confirmed = if self.skip_verify {
            None
        } else {
            let client = context.client_for(server.clone(), Some(token.clone()))?;
            confirmed_email(&client, context)?
        };
        let email = self.email.or(confirmed).or(claimed).ok_or_else(|| {
            CliError::new("no_email", "the token names no e-mail address").hint("Add --email ADDRESS.")
        })?;
        context.config_dir()?.save(&server, &token, &email)?;
        Ok(Output::message(format_args!("Imported token for {email}.")))
    }
}

/// The address that the server returns for the token. Older servers (404) and some proxies (403) return none.
fn confirmed_email(client: &Client, context: &Context) -> anyhow::Result<Option<String>> {
    let error = match context.block_on(client.me())? {
        Ok(me) => return Ok(Some(me.email)),
        Err(error) => error,
    };
    let (server, detail) = (client.server(), error.detail());
    let refused = match error.status() {
        Some(status @ (403 | 404)) => {
            context.printer.warn(format_args!("{server} did not tell whose token this is (HTTP {status})"));
            return Ok(None);
        }
        Some(401) => CliError::new("auth_failed", format!("token rejected by server ({server}): {detail}"))
            .hint("Nothing was stored. Make a fresh token and try again.")
            .status(401)
            .exiting(exit::NO_SERVER),
        Some(status) => {
            CliError::new("refused", format!("{server} could not check the token: HTTP {status}: {detail}"))
                .hint("Nothing was stored. Try again later, or use --skip-verify.")
                .status(status)
        }
        None => error.into(),
    };
    Err(refused.into())
}
