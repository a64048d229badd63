//! Forms for signing in and for choosing a password, and the pages behind mailed links.

pub mod email_link;
pub mod log_in;
pub mod request_link;
pub mod reset_password;
pub mod set_up;
