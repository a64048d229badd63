//! The ways to sign in that people are offered, in the order of the login page.

use super::{email_link, google, password};
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

pub const PROVIDERS: &[&Provider] = &[&google::PROVIDER, &password::PROVIDER, &email_link::PROVIDER];
