//! Checking a password.

use crate::domain::sign_in::PasswordAttempt;
use crate::server::{ApiResult, App};

/// Whether the password matches, after [`Limits::take_try`](crate::server::services::rate_limits::Limits::take_try).
pub async fn verify(app: &App, email: &str, attempt: &PasswordAttempt, password: String) -> ApiResult<bool> {
    let Some(hash) = attempt.hash_for(&password) else { return Ok(false) };
    let verified = app.passwords.verify(password, hash).await;
    Ok(verified.inspect_err(|_| app.limits.give_back(email))?)
}
