//! What the server shares between requests besides the state database. Nothing here knows the [`super::App`] or HTTP responses.

pub mod client_programs;
pub mod connections;
pub mod data_sizes;
pub mod google;
pub mod mail;
pub mod passwords;
pub mod pending_second_factors;
pub mod people;
pub mod rate_limits;
pub mod readiness;
pub mod refusals;
pub mod token_uses;
