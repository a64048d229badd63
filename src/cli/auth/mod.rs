//! `agnes auth`

mod import_token;
mod login;

use std::process::ExitCode;

use super::Context;

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Sign in with e-mail and password
    Login(login::Args),
    /// Store a token that you already have (from --token, --token-stdin or AGNES_TOKEN)
    ImportToken(import_token::Args),
}

pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Login(args) => login::run(args, context),
        Command::ImportToken(args) => import_token::run(args, context),
    }
}
