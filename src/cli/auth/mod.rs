//! `agnes auth`

mod claims;
mod import_token;
mod login;
mod logout;
pub mod token;
mod whoami;

use std::process::ExitCode;

use super::{Context, Mode};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Sign in with e-mail and password
    Login(login::Args),
    /// End the session and forget the token of this server
    Logout,
    /// Show who you are to the server, and where the token comes from
    Whoami(whoami::Args),
    /// Store a token that you already have (from --token, --token-stdin or AGNES_TOKEN)
    ImportToken(import_token::Args),
    /// Personal access tokens, for scripts and agents
    #[command(subcommand, arg_required_else_help = false)]
    Token(token::Command),
}

impl Command {
    pub fn mode(&self) -> Mode {
        let json = match self {
            Self::Whoami(args) => args.json,
            Self::Token(command) => command.json(),
            Self::Login(_) | Self::Logout | Self::ImportToken(_) => false,
        };
        if json { Mode::Json } else { Mode::Normal }
    }
}

pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Login(args) => login::run(args, context),
        Command::Logout => logout::run(context),
        Command::Whoami(args) => whoami::run(args, context),
        Command::ImportToken(args) => import_token::run(args, context),
        Command::Token(command) => token::run(command, context),
    }
}
