//! Personal access tokens, with which programs act for a user.

pub mod create;
pub mod list;
pub mod revoke;
