use reqwest::Method;

use super::claims::Claims;
use crate::base::secret::Secret;
use crate::cli::{CliError, Context, Output, Run, TokenSource, input};
use crate::client::{ClientError, TIMEOUT};
use crate::protocol::auth::TokenRequest;

/// Sign in with e-mail and password
#[derive(clap::Args, Debug)]
pub struct Login {
    /// Your e-mail address
    #[arg(long)]
    email: Option<String>,
    #[command(flatten)]
    password: input::PasswordOptions,
    /// A code of your authenticator app, or a recovery code, if your account has a second factor
    #[arg(long)]
    code: Option<String>,
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
        let mut request = TokenRequest { email, password: password.expose().to_owned(), code: self.code };
        let mut answer = context.block_on(client.sign_in(&request))?;
        if answer.as_ref().is_err_and(lacks_code) {
            request.code = Some(input::prompt(context, "Code of your authenticator app", "--code")?);
            answer = context.block_on(client.sign_in(&request))?;
        }
        let session = answer.map_err(refused)?;
        context.config_dir()?.save(&server, &Secret::new(session.access_token), &session.email)?;
        Ok(Output::message(format_args!("Logged in as {}", session.email)))
    }
}

/// Whether the password was right, and a second factor is missing.
fn lacks_code(error: &ClientError) -> bool {
    matches!(error, ClientError::Status { body, .. } if body["detail"]["code"] == "second_factor_required")
}

fn refused(error: ClientError) -> CliError {
    let ClientError::Status { status, .. } = &error else { return error.into() };
    if error.is_about_second_factor() {
        return CliError::bare("auth_failed", format!("Login failed: {}", error.detail())).status(*status);
    }
    let refused = CliError::bare("auth_failed", format!("Login failed: {}", error.detail())).status(*status);
    // For accounts without a password another password does not help.
    match status {
        401 | 403 => refused.hint(
            "If you sign in with Google or a link by mail, make a personal access token on the web and run: \
             agnes auth import-token",
        ),
        _ => refused,
    }
}

/// End the session and forget the token of this server
#[derive(clap::Args, Debug)]
pub struct Logout {}

impl Run for Logout {
    /// Forgetting the token does not depend on the server.
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let server = context.server()?;
        let config = context.config_dir()?;
        let mut output = Output::default();
        if let Some(token) = config.token(&server)? {
            let is_personal = Claims::of(&token).is_ok_and(|claims| claims.is_personal_token());
            let client = context.client_for(server.clone(), Some(token))?;
            let outcome = context.block_on(client.call(Method::POST, &["auth", "logout"], TIMEOUT))?;
            config.forget(&server)?;
            output = match outcome {
                // 401: the token was no longer valid.
                Err(error) if error.status() != Some(401) => output.warn(format_args!(
                    "{} was not told, so the session stays valid there until it expires: {error}",
                    client.server()
                )),
                _ if is_personal => output.note(
                    "This was a personal access token: it is forgotten here, but valid until it is revoked (agnes \
                     auth token revoke).",
                ),
                _ => output,
            };
        }
        output = output.line("Logged out.");
        Ok(match context.token(&server)? {
            Some((_, TokenSource::Environment)) => output.note("AGNES_TOKEN is still set and will be used."),
            _ => output,
        })
    }
}
