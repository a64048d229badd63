use std::process::ExitCode;

use serde_json::{Value, json};

use super::claims::Claims;
use crate::base::secret::Secret;
use crate::base::time;
use crate::cli::{CliError, Context, Mode, TokenSource, credentials};
use crate::client::ClientError;
use crate::protocol::auth::Me;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
    /// Do not ask the server; say what the token says of itself
    #[arg(long)]
    offline: bool,
}

pub fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let server = context.server()?;
    let address = credentials::key(&server);
    let Some((token, source)) = context.token(&server)? else {
        return Err(CliError::signed_out(&address).into());
    };
    if source == TokenSource::Environment
        && let Some(stored) = context.config_dir()?.token(&server)?
        && stored != token
    {
        context.printer.warn(format_args!(
            "AGNES_TOKEN is used, and differs from the token stored for {address}; unset it to use the stored one"
        ));
    }
    let me = if args.offline { None } else { asked(&server, &token, context)? };
    let claims = match &me {
        Some(_) => Claims::default(),
        None => Claims::of(&token)?,
    };
    if context.printer.mode() == Mode::Json {
        let mut shown = match &me {
            Some(me) => serde_json::to_value(me)?,
            None => json!({"email": claims.email(), "auth": {"expires_at": claims.expires_at().map(time::spaced)}}),
        };
        shown["server"] = address.into();
        shown["token_from"] = source.name().into();
        shown["checked"] = Value::Bool(me.is_some());
        context.printer.pretty_json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let email = me.as_ref().map_or_else(|| claims.email().unwrap_or("unknown"), |me| &me.email);
    context.printer.line(format_args!("Email: {email}"))?;
    context.printer.line(format_args!("Server: {address}"))?;
    if let Some(me) = &me {
        let groups: Vec<&str> = me.groups.iter().map(|group| group.name.as_str()).collect();
        context.printer.line(format_args!("Role: {}", me.role))?;
        context
            .printer
            .line(format_args!("Groups: {}", if groups.is_empty() { "-".into() } else { groups.join(", ") }))?;
    }
    let expires = me.map_or_else(|| claims.expires_at().map(time::spaced), |me| me.auth.expires_at);
    context.printer.line(format_args!("Expires: {}", expires.as_deref().unwrap_or("never")))?;
    context.printer.line(format_args!("Token from: {}", source.name()))?;
    Ok(ExitCode::SUCCESS)
}

/// What the server says; nothing when it cannot be asked, or is too old to say.
fn asked(server: &url::Url, token: &Secret, context: &Context) -> anyhow::Result<Option<Me>> {
    let client = context.client_for(server.clone(), Some(token.clone()))?;
    match context.block_on(client.me())? {
        Ok(me) => Ok(Some(me)),
        Err(error @ (ClientError::Unreachable { .. } | ClientError::Status { status: 404, .. })) => {
            context.printer.warn(format_args!("not checked by the server, the token itself says so: {error}"));
            Ok(None)
        }
        Err(error) => Err(CliError::from(error).into()),
    }
}
