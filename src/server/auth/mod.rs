//! Signing in and out over HTTP, and the caller's personal tokens.

pub mod bootstrap;
pub mod credentials;
pub mod email_link;
pub mod google;
pub mod links;
pub mod logout;
pub mod me;
pub mod next;
pub mod password;
pub mod providers;
pub mod tokens;
