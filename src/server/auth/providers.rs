//! The ways to sign in that people are offered, in the order of the login page.

use super::links;
use crate::server::App;

/// One way to sign in.
#[derive(Debug)]
pub struct Provider {
    pub name: &'static str,
    /// On the button.
    pub label: &'static str,
    /// Where the button leads; `?next=` is added.
    pub path: &'static str,
    pub is_available: fn(&App) -> bool,
}

pub const PROVIDERS: &[Provider] = &[
    Provider {
        name: "google",
        label: "Sign in with Google",
        path: "/auth/google/login",
        is_available: |app| app.google.oidc.is_some() && links::has_address(app),
    },
    Provider { name: "password", label: "Sign in with a password", path: "/login/password", is_available: |_| true },
    Provider {
        name: "email",
        label: "Sign in with an email link",
        path: "/login/email",
        is_available: links::can_send,
    },
];
