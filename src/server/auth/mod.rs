//! Sign-in, and who a request comes from.

pub mod bootstrap;
pub mod me;
mod principal;
pub mod session;
pub mod token;
