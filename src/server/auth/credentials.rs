use std::sync::Arc;

use crate::domain::sign_in::{PasswordAttempt, PasswordRefusal, complete_password_attempt, replace_password_hash};
use crate::server::{ApiError, App};
use crate::store::audit::Origin;
use crate::store::users::User;

/// Checks an address and a password, with the same response in the same time whether there is such an account or not.
/// Failures are counted and recorded.
pub async fn check_password(
    app: &App,
    origin: &Origin,
    email: &str,
    password: String,
) -> Result<Result<Arc<User>, PasswordRefusal>, ApiError> {
    app.limits.take_try(email)?;
    let attempt = PasswordAttempt::new(&app.store.snapshot(), email, &app.no_password);
    let matched = match attempt.hash_for(&password) {
        Some(hash) => {
            let verified = app.passwords.verify(password.clone(), hash).await;
            verified.inspect_err(|_| app.limits.give_back(email))?
        }
        None => false,
    };
    let completed = complete_password_attempt(&app.store, origin, &attempt, matched).await?;
    if let Ok(user) = &completed {
        app.limits.succeeded(email);
        if attempt.is_outdated() {
            rehash(app, user, &attempt, password).await;
        }
    }
    Ok(completed)
}

/// Hashes the password again with current parameters. A failure does not prevent the sign-in.
async fn rehash(app: &App, user: &User, attempt: &PasswordAttempt, password: String) {
    let Ok(hash) = app.passwords.hash(password).await else { return };
    if let Err(error) = replace_password_hash(&app.store, user, attempt, hash).await {
        tracing::warn!(%error, "cannot store a renewed password hash");
    }
}
