//! Checks an address and a password, in the same time and with the same text whether there is such an account or not.

use std::sync::Arc;

use serde_json::json;

use crate::access::password;
use crate::base::hash::sha256_hex;
use crate::base::secret::Secret;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Origin};
use crate::store::users::User;
use crate::store::{Snapshot, StoreError, audit, users};

/// Why somebody is not let in.
#[derive(Debug)]
pub enum Refused {
    /// No such account, no password, or another one.
    Credentials,
    /// Told only to who knows the password.
    Deactivated,
    /// Too many attempts, or a failure on our side.
    Other(ApiError),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

/// The account, if the password fits and it is active. Failures are counted and recorded.
pub async fn check(app: &AppState, origin: &Origin, email: &str, given: String) -> Result<Arc<User>, Refused> {
    app.limits.take_try(email).map_err(ApiError::from)?;
    let snapshot = app.store.snapshot();
    let user = snapshot.users.by_email(email.trim()).cloned();
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let hash = stored.clone().unwrap_or_else(|| stand_in(&snapshot, email, &app.no_password));
    let fits = match given.len() <= crate::domain::rules::MAX_PASSWORD_BYTES {
        true => {
            let verified = app.passwords.verify(given.clone(), hash).await;
            verified.inspect_err(|_| app.limits.give_back(email)).map_err(ApiError::from)?
        }
        false => false,
    };
    let reason = match (&user, &stored) {
        (None, _) => "unknown_user",
        (Some(_), None) => "no_password",
        (Some(_), Some(_)) if !fits => "invalid_password",
        (Some(user), Some(_)) if !user.active => "deactivated",
        (Some(user), Some(hash)) => {
            app.limits.succeeded(email);
            if password::is_outdated(hash) {
                renew(app, user, hash, given).await;
            }
            return Ok(Arc::clone(user));
        }
    };
    note(app, origin, user.as_deref(), email, reason).await.map_err(ApiError::from)?;
    Err(if reason == "deactivated" { Refused::Deactivated } else { Refused::Credentials })
}

/// A hash to check a password against where there is none to check. It is that of some other account, always the same
/// for one address, so that old and new parameters of hashing come as often as among real accounts.
fn stand_in(snapshot: &Snapshot, email: &str, without_accounts: &Secret) -> Secret {
    let users = snapshot.users.all();
    let hashes: Vec<&Secret> = users.iter().filter_map(|user| user.password_hash.as_ref()).collect();
    let digest = sha256_hex(&email.trim().to_lowercase());
    let number = usize::from_str_radix(&digest[..8], 16).unwrap_or_default();
    hashes.get(number % hashes.len().max(1)).map_or_else(|| without_accounts.clone(), |hash| (*hash).clone())
}

/// Hashes the password again with today's parameters. That it did not work out is no reason to keep somebody out.
async fn renew(app: &AppState, user: &User, before: &Secret, given: String) {
    let Ok(after) = app.passwords.hash(given).await else { return };
    let (id, before) = (user.id.clone(), before.clone());
    let written: Result<(), StoreError> =
        app.store.write(move |change| users::rehash(change, &id, &before, &after)).await;
    if let Err(error) = written {
        tracing::warn!(%error, "cannot store a renewed password hash");
    }
}

/// Records a sign-in that failed; `email` is as it was typed.
async fn note(
    app: &AppState,
    origin: &Origin,
    user: Option<&User>,
    email: &str,
    reason: &'static str,
) -> Result<(), StoreError> {
    let actor = match user {
        Some(user) => origin.clone().user(&user.id),
        None => origin.clone().nobody(),
    };
    let typed: String = email.chars().take(254).collect();
    app.store
        .write(move |change| {
            audit::record_result(change, &actor, Action::LoginFailed, "auth", json!({ "email": typed }), reason)
        })
        .await
}
