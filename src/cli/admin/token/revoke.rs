use super::TOKENS;
use crate::cli::auth::token::revoke;
use crate::cli::{Context, Output, Run};
use crate::protocol::tokens::OwnedToken;

/// Revoke somebody's token
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
        let tokens: Vec<OwnedToken> = api.get(&TOKENS, &[])?.body;
        revoke(&api, &TOKENS, tokens.iter().map(|owned| &owned.token), &self.reference)
    }
}
