use std::process::ExitCode;

use crate::base::secret::Secret;
use crate::cli::{CliError, Context, input};
use crate::client::ClientError;
use crate::protocol::auth::TokenRequest;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Your e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Read the password from stdin instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    /// The password itself; accepted for scripts, but every process list shows it
    #[arg(long, hide = true, conflicts_with = "password_stdin")]
    password: Option<String>,
}

pub fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let server = context.server()?;
    let email = match args.email {
        Some(email) => email,
        None => input::prompt(context, "Email", "--email")?,
    };
    let password = match args.password {
        Some(password) => input::password_argument(context, password),
        None if args.password_stdin => input::piped_secret("password")?,
        None => input::hidden_prompt(context, "Password", "--password-stdin")?,
    };
    let client = context.client_for(server.clone(), None)?;
    let request = TokenRequest { email, password: password.expose().to_owned() };
    let session = context.block_on(client.sign_in(&request))?.map_err(refused)?;
    context.config_dir()?.save(&server, &Secret::new(session.access_token), &session.email)?;
    context.printer.line(format_args!("Logged in as {}", session.email))?;
    Ok(ExitCode::SUCCESS)
}

fn refused(error: ClientError) -> CliError {
    let ClientError::Status { status, .. } = error else { return error.into() };
    let detail = error.detail();
    let text = CliError::new("auth_failed", format!("Login failed: {detail}"));
    // Whoever has no password here gets no further with another one.
    let hinted = if matches!(status, 401 | 403) {
        text.hint(
            "If you sign in with Google or a link by mail, make a personal access token on the web and run: \
             agnes auth import-token",
        )
    } else {
        text
    };
    CliError { status: Some(status), ..hinted }
}
