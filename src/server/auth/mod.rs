//! Signing in and out over HTTP, and the caller's personal tokens.

pub mod accounts;
pub mod email_link;
pub mod google;
pub mod links;
pub mod next;
pub mod own_password;
pub mod password;
pub mod providers;
pub mod second_factor;
pub mod session;
pub mod sessions;
pub mod tokens;
pub mod verify;
