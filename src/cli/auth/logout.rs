use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use super::claims::Claims;
use crate::cli::{Context, TokenSource};

/// Ends the stored session. Forgetting the token does not depend on the server.
pub fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let server = context.server()?;
    let config = context.config_dir()?;
    if let Some(token) = config.token(&server)? {
        let is_personal = Claims::of(&token).is_ok_and(|claims| claims.is_personal_token());
        let client = context.client_for(server.clone(), Some(token))?;
        let told = context.block_on(client.tell(Method::POST, &["auth", "logout"], &Value::Null))?;
        config.forget(&server)?;
        match told {
            // 401: the token was worth nothing any more.
            Err(error) if error.status() != Some(401) => context.printer.warn(format_args!(
                "{} was not told, so the session goes on there until it expires: {error}",
                client.server()
            )),
            _ if is_personal => context.printer.note(
                "The token was a personal one: it is forgotten here, but good until it is revoked (agnes auth token revoke).",
            ),
            _ => {}
        }
    }
    context.printer.line("Logged out.")?;
    if let Some((_, TokenSource::Environment)) = context.token(&server)? {
        context.printer.note("AGNES_TOKEN is still set, and goes on being used.");
    }
    Ok(ExitCode::SUCCESS)
}
