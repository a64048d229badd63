//! Signing in with a mailed link.

pub mod send;
pub mod verify;

use super::providers::Provider;

pub const PROVIDER: Provider = Provider {
    name: "email",
    label: "Sign in with a link by mail",
    path: "/login/email",
    is_available: |app| app.mail.is_configured() || app.config.developer.is_some(),
};
