//! Personal access tokens: for programs that act for somebody.

pub mod create;
pub mod list;
pub mod revoke;
