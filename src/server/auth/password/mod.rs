//! Signing in with a password, and choosing one with a mailed link.

pub mod choose;
pub mod login;
pub mod setup;
