//! Signing in and out: with a password, a mailed link or Google. Each way ends with [`start_session`].

mod google;
mod google_groups;
mod links;
mod own_password;
mod password;
mod session;

pub use google::{GoogleIdentity, GoogleRefusal};
pub use google::{check_google_identity, record_refused_google_sign_in, sign_in_with_google};
pub use google_groups::{GoogleGroupList, GroupsPreview, preview_groups};
pub use links::{PasswordChoice, check_password_choice, choose_password, follow_link, request_link};
pub use own_password::{change_own_password, record_wrong_password};
pub use password::{PasswordAttempt, PasswordRefusal, complete_password_attempt, replace_password_hash};
pub use session::{
    Factor, FirstAdmin, SignInMethod, StartedSession, bootstrap_admin, end_session, is_bootstrap_open, start_session,
};

/// What was typed as an address, cut to the length of an address.
fn attempted(email: &str) -> String {
    email.trim().chars().take(254).collect()
}
