use reqwest::Method;

use crate::base::secret::Secret;
use crate::cli::{CliError, Context, Output, Run, TokenSource, input};
use crate::protocol::auth::{ChangePassword, TokenResponse};

/// Change your password; your other sessions end
#[derive(clap::Args, Debug)]
pub struct Password {
    /// Read the current password and the new one from stdin, a line each
    #[arg(long)]
    password_stdin: bool,
    /// Revoke your personal tokens, too
    #[arg(long)]
    revoke_tokens: bool,
}

impl Run for Password {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let server = context.server()?;
        let source = context.token(&server)?.map(|(_, source)| source);
        let (current, new) = if self.password_stdin { piped()? } else { asked(context)? };
        let request = ChangePassword {
            current_password: current.expose().to_owned(),
            new_password: new.expose().to_owned(),
            revoke_tokens: self.revoke_tokens,
        };
        let api = context.api()?;
        let session = api.send::<TokenResponse>(Method::POST, &["auth", "password", "change"], &request)?.body;
        let output =
            Output::message(format_args!("Password changed for {}. Other sessions have ended.", session.email));
        if source == Some(TokenSource::Stored) {
            context.config_dir()?.save(&server, &Secret::new(session.access_token), &session.email)?;
            return Ok(output);
        }
        Ok(output.note("The token that was used has ended, too. Sign in again with: agnes auth login"))
    }
}

fn piped() -> Result<(Secret, Secret), CliError> {
    let both = input::piped_secret("passwords")?;
    let (current, new) = both
        .expose()
        .split_once('\n')
        .ok_or_else(|| CliError::usage("stdin must hold two lines: the current password and the new one"))?;
    Ok((Secret::new(current.trim_end_matches('\r')), Secret::new(new)))
}

fn asked(context: &Context) -> Result<(Secret, Secret), CliError> {
    let ask = |question| input::hidden_prompt(context, question, "--password-stdin");
    let (current, new) = (ask("Current password")?, ask("New password")?);
    if new != ask("Repeat the new password")? {
        return Err(CliError::new("mismatch", "the two new passwords differ"));
    }
    Ok((current, new))
}
