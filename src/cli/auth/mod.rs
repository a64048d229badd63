//! `agnes auth`

mod claims;
mod import_token;
mod login;
mod logout;
pub mod token;
mod whoami;

use super::commands;

commands! {
    /// Sign in and out, and manage tokens
    Auth {
        Login(login::Login),
        Logout(logout::Logout),
        Whoami(whoami::Whoami),
        ImportToken(import_token::ImportToken),
        #[command(subcommand)] Token(token::Token),
    }
}
