use serde_json::{Value, json};

use super::claims::Claims;
use crate::base::secret::Secret;
use crate::base::time;
use crate::cli::{CliError, Context, Output, Run, TokenSource, credentials};
use crate::client::ClientError;
use crate::protocol::auth::Me;

/// Show who you are to the server, and where the token comes from
#[derive(clap::Args, Debug)]
pub struct Whoami {
    /// Do not ask the server; show what the token itself claims
    #[arg(long)]
    offline: bool,
}

impl Run for Whoami {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let server = context.server()?;
        let address = credentials::key(&server);
        let Some((token, source)) = context.token(&server)? else {
            return Err(CliError::signed_out(&address).into());
        };
        if source == TokenSource::Environment
            && let Some(stored) = context.config_dir()?.token(&server)?
            && stored != token
        {
            // Not part of the result: it explains a refusal too.
            context.printer.warn(format_args!(
                "AGNES_TOKEN is used, and differs from the token stored for {address}; unset it to use the stored one"
            ));
        }
        let me = if self.offline { None } else { fetch(&server, &token, context)? };
        let (email, expires, mut json) = match &me {
            Some(me) => (Some(me.email.clone()), me.auth.expires_at.clone(), serde_json::to_value(me)?),
            None => {
                let claims = Claims::of(&token)?;
                let (email, expires) = (claims.email().map(str::to_owned), claims.expires_at().map(time::spaced));
                let json = json!({"email": email, "auth": {"expires_at": expires}});
                (email, expires, json)
            }
        };
        json["server"] = address.as_str().into();
        json["token_from"] = source.name().into();
        json["checked"] = Value::Bool(me.is_some());
        let email = email.as_deref().unwrap_or("unknown");
        let mut output = Output::message(format_args!("Email: {email}")).line(format_args!("Server: {address}"));
        if let Some(me) = &me {
            let groups: Vec<&str> = me.groups.iter().map(|group| group.name.as_str()).collect();
            let groups = if groups.is_empty() { "-".into() } else { groups.join(", ") };
            output = output.line(format_args!("Role: {}", me.role)).line(format_args!("Groups: {groups}"));
        }
        output
            .line(format_args!("Expires: {}", expires.as_deref().unwrap_or("never")))
            .line(format_args!("Token from: {}", source.name()))
            .json(&json)
    }
}

/// What the server says; nothing when it cannot be reached, or is too old to say.
fn fetch(server: &url::Url, token: &Secret, context: &Context) -> anyhow::Result<Option<Me>> {
    let client = context.client_for(server.clone(), Some(token.clone()))?;
    match context.block_on(client.me())? {
        Ok(me) => Ok(Some(me)),
        Err(
            error @ (ClientError::Unreachable { .. }
            | ClientError::Interrupted { .. }
            | ClientError::Status { status: 404, .. }),
        ) => {
            context.printer.warn(format_args!("not checked by the server, only read from the token: {error}"));
            Ok(None)
        }
        Err(error) => Err(CliError::from(error).into()),
    }
}
