//! `agnes admin token`

mod list;
mod revoke;

use crate::cli::commands;

const TOKENS: [&str; 3] = ["auth", "admin", "tokens"];

commands! {
    /// Personal access tokens of everybody
    Token {
        List(list::List),
        Revoke(revoke::Revoke),
    }
}
