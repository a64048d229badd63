//! `agnes auth`

mod claims;
mod import_token;
mod password;
mod session;
mod sessions;
pub mod token;
mod whoami;

use super::{Lazy, commands};
pub use session::{Login, Logout};
pub use whoami::Whoami;

commands! {
    Auth {
        Login(session::Login),
        Logout(session::Logout),
        Whoami(whoami::Whoami),
        Password(password::Password),
        ImportToken(import_token::ImportToken),
        /// Where you are signed in
        #[command(subcommand)] Sessions(Lazy<sessions::Sessions>),
        /// Personal access tokens, for scripts and agents
        #[command(subcommand)] Token(Lazy<token::Token>),
    }
}
