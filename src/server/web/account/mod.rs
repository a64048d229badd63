//! Pages and forms for signing in and for choosing a password.

pub mod choose_password;
pub mod links;
pub mod log_in;
pub mod second_factor;
