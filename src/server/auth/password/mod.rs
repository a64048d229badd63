//! Signing in with a password, and choosing one with a mailed link.

pub mod choose;
pub mod login;
pub mod request;
pub mod setup;

use super::providers::Provider;

pub const PROVIDER: Provider =
    Provider { name: "password", label: "Sign in with a password", path: "/login/password", is_available: |_| true };
