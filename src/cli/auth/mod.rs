//! `agnes auth`

mod claims;
mod import_token;
mod session;
pub mod token;
mod whoami;

use super::{Lazy, commands};

commands! {
    Auth {
        Login(session::Login),
        Logout(session::Logout),
        Whoami(whoami::Whoami),
        ImportToken(import_token::ImportToken),
        /// Personal access tokens, for scripts and agents
        #[command(subcommand)] Token(Lazy<token::Token>),
    }
}
