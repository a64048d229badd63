use reqwest::Method;

use super::claims::Claims;
use crate::cli::{Context, Output, Run, TokenSource};
use crate::client::TIMEOUT;

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
