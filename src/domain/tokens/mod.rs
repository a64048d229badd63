//! Personal access tokens, with which programs act for a user.

mod create;
mod revoke;
mod uses;
pub mod view;

pub use create::create_token;
pub use revoke::{revoke_any_token, revoke_token};
pub use uses::{record_new_address, record_token_uses};
