use crate::base::secret::Secret;
use crate::cli::{CliError, Context, Output, Run, input};
use crate::client::ClientError;
use crate::protocol::auth::TokenRequest;

/// Sign in with e-mail and password
#[derive(clap::Args, Debug)]
pub struct Login {
    /// Your e-mail address
    #[arg(long)]
    email: Option<String>,
    #[command(flatten)]
    password: input::PasswordOptions,
}

impl Run for Login {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let server = context.server()?;
        let email = match self.email {
            Some(email) => email,
            None => input::prompt(context, "Email", "--email")?,
        };
        let password = match self.password.given(context)? {
            Some(password) => password,
            None => input::hidden_prompt(context, "Password", "--password-stdin")?,
        };
        let client = context.client_for(server.clone(), None)?;
        let request = TokenRequest { email, password: password.expose().to_owned() };
        let session = context.block_on(client.sign_in(&request))?.map_err(refused)?;
        context.config_dir()?.save(&server, &Secret::new(session.access_token), &session.email)?;
        Ok(Output::message(format_args!("Logged in as {}", session.email)))
    }
}

fn refused(error: ClientError) -> CliError {
    let ClientError::Status { status, .. } = error else { return error.into() };
    let refused = CliError::bare("auth_failed", format!("Login failed: {}", error.detail())).status(status);
    // For accounts without a password another password does not help.
    match status {
        401 | 403 => refused.hint(
            "If you sign in with Google or a link by mail, make a personal access token on the web and run: \
             agnes auth import-token",
        ),
        _ => refused,
    }
}
