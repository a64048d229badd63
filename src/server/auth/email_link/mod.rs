//! Signing in with a mailed link.

pub mod send;
pub mod verify;
