//! Signing in and out: with a password, a mailed link or Google. Each way ends with [`start_session`].

mod bootstrap;
mod choose_password;
mod google;
mod google_groups;
mod links;
mod password;
mod session;

use serde_json::{Value, json};

pub use bootstrap::{FirstAdmin, bootstrap_admin};
pub use choose_password::{PasswordChoice, check_password_choice, choose_password};
pub use google::sign_in_with_google;
pub use google::{
    GoogleGroupList, GoogleIdentity, GoogleRefusal, check_google_identity, record_refused_google_sign_in,
};
pub use links::{IssuedLink, request_link, sign_in_with_link};
pub use password::{PasswordAttempt, PasswordRefusal, complete_password_attempt, replace_password_hash};
pub use session::{SignInMethod, StartedSession, end_session, start_session};

use crate::store::audit::{Action, Actor};
use crate::store::{Change, StoreError, audit};

/// Records a sign-in that was refused because of `reason`. `email` is what was typed.
fn record_refused_sign_in(
    change: &Change<'_>,
    actor: &Actor,
    email: Option<&str>,
    provider: Option<&str>,
    reason: &str,
) -> Result<(), StoreError> {
    let email = email.map(|email| ("email", attempted(email)));
    let provider = provider.map(|provider| ("provider", provider.to_owned()));
    let details = email.into_iter().chain(provider).map(|(name, text)| (name.to_owned(), json!(text)));
    let details = Value::Object(details.collect());
    audit::record_result(change, actor, Action::LoginFailed, "auth", details, reason)
}

/// What was typed as an address, cut to the length of an address.
fn attempted(email: &str) -> String {
    email.trim().chars().take(254).collect()
}
