use reqwest::Method;

use super::TOKENS;
use crate::cli::{Api, CliError, Context, Output, Run};
use crate::protocol::tokens::Token;

/// Revoke a token
#[derive(clap::Args, Debug)]
pub struct Revoke {
    /// Id, prefix or name
    // Not `token`: that is the global option.
    #[arg(value_name = "TOKEN")]
    reference: String,
}

impl Run for Revoke {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let tokens: Vec<Token> = api.get(&TOKENS, &[])?.body;
        revoke(&api, &TOKENS, tokens.iter(), &self.reference)
    }
}

/// Revokes the referenced one of `tokens`, which were listed at `path`.
pub fn revoke<'a>(
    api: &Api,
    path: &[&str],
    tokens: impl Iterator<Item = &'a Token>,
    reference: &str,
) -> anyhow::Result<Output> {
    let Token { id, name, .. } = find(tokens.collect(), reference)?;
    api.call(Method::DELETE, &[path, &[id]].concat())?;
    Ok(Output::message(format_args!("Revoked token {id} ({name})")))
}

/// The one token with this id, prefix or name. Revoked ones count only where no other matches.
fn find<'a>(tokens: Vec<&'a Token>, reference: &str) -> Result<&'a Token, CliError> {
    if let Some(token) = tokens.iter().find(|token| token.id == reference) {
        return Ok(token);
    }
    let mut matches = tokens;
    matches.retain(|token| token.prefix == reference || token.name == reference);
    if matches.iter().any(|token| token.revoked_at.is_none()) {
        matches.retain(|token| token.revoked_at.is_none());
    }
    match matches.as_slice() {
        [] => Err(CliError::bare("not_found", format!("No token matches {reference}"))),
        [token] => Ok(token),
        several => {
            let ids: Vec<&str> = several.iter().map(|token| token.id.as_str()).collect();
            let text = format!("Several tokens match {reference}, so none was revoked: {}", ids.join(", "));
            Err(CliError::bare("ambiguous", text).hint("Name one by its id."))
        }
    }
}
