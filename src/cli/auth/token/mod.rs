//! `agnes auth token`, and what `agnes admin token` shares with it.

mod create;
mod list;
mod revoke;

pub use list::cells;
pub use revoke::revoke;

use crate::cli::commands;

const TOKENS: [&str; 2] = ["auth", "tokens"];

commands! {
    /// Personal access tokens, for scripts and agents
    Token {
        Create(create::Create),
        List(list::List),
        Revoke(revoke::Revoke),
    }
}
