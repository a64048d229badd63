use std::io::{self, IsTerminal};

use reqwest::Method;
use serde_json::json;

use crate::base::secret::Secret;
use crate::cli::{CliError, Context, Output, Run, input};
use crate::client::ClientError;
use crate::protocol::auth::{BootstrapRequest, TokenResponse};

/// Create the first admin of a new server, and sign in
#[derive(clap::Args, Debug)]
pub struct Bootstrap {
    /// E-mail address
    #[arg(value_name = "EMAIL", required_unless_present = "email_option")]
    email: Option<String>,
    /// E-mail address, as an option
    #[arg(long = "email", id = "email_option", value_name = "EMAIL", hide = true, conflicts_with = "email")]
    email_option: Option<String>,
    /// Display name [default: the part of the address before @]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    password: input::PasswordOptions,
}

impl Run for Bootstrap {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let email = self.email.or(self.email_option).unwrap_or_default();
        let name = self.name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
        let password = match self.password.given(context)? {
            Some(password) => Some(password),
            None if io::stdin().is_terminal() => Some(input::new_password(context)?),
            None => None,
        };
        let has_password = password.is_some();
        let password = password.map(|password| password.expose().to_owned()).unwrap_or_default();
        let server = context.server()?;
        let api = context.api_of(context.client_for(server.clone(), None)?)?;
        let request = BootstrapRequest { email, name, password };
        let session: TokenResponse =
            api.try_send(Method::POST, &["auth", "bootstrap"], &request).map_err(refused)?.body;
        context.config_dir()?.save(&server, &Secret::new(session.access_token), &session.email)?;
        let output = Output::message(format_args!("Admin user created: {}", session.email))
            .note("You are signed in. Next: agnes setup verify");
        let output = match has_password {
            true => output,
            false => output.warn(format_args!(
                "this account has no password, so nobody can sign in when this session has ended; set one: agnes admin \
                 user set-password {}",
                session.email
            )),
        };
        output.json(&json!({"email": session.email, "user_id": session.user_id, "has_password": has_password}))
    }
}

fn refused(error: ClientError) -> CliError {
    let has_admin = error.status() == Some(403);
    let error = CliError::failed(error);
    match has_admin {
        true => error.hint("Sign in with agnes auth login. An admin adds others with agnes admin user add."),
        false => error,
    }
}
