//! What the server shares between requests besides the state database. Nothing here knows the [`super::App`].

pub mod limits;
pub mod mail;
pub mod passwords;
pub mod token_uses;
