use std::sync::Arc;

use serde_json::json;

use super::attempted;
use crate::access::password;
use crate::base::hash::sha256_hex;
use crate::base::secret::Secret;
use crate::domain::Result;
use crate::domain::rules::MAX_PASSWORD_BYTES;
use crate::store::audit::{Action, Actor, Origin};
use crate::store::users::{Proved, User};
use crate::store::{Snapshot, Store, StoreError, audit, users};

/// Why a password does not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordRefusal {
    /// The account does not exist or has no password, or the password is wrong.
    Credentials,
    /// The password is right, but the account is not active.
    Deactivated,
}

/// An address and the hash to verify its password against. There is a hash for every address, so that neither the
/// response nor its timing shows whether an account exists.
pub struct PasswordAttempt {
    email: String,
    user: Option<Arc<User>>,
    hash: Secret,
}

impl PasswordAttempt {
    /// `fallback` is a hash that no password matches, for when no account has a password.
    pub fn new(snapshot: &Snapshot, email: &str, fallback: &Secret) -> Self {
        let user = snapshot.users.by_email(email.trim()).cloned();
        let stored = user.as_ref().and_then(|user| user.password_hash.clone());
        let hash = stored.unwrap_or_else(|| substitute_hash(snapshot, email, fallback));
        Self { email: email.to_owned(), user, hash }
    }

    /// The hash to verify `password` against; `None` if it is too long to be anybody's.
    pub fn hash_for(&self, password: &str) -> Option<Secret> {
        (password.len() <= MAX_PASSWORD_BYTES).then(|| self.hash.clone())
    }

    pub(super) fn hash(&self) -> Secret {
        self.hash.clone()
    }

    /// Whether the hash was made with other parameters than new ones.
    pub fn is_outdated(&self) -> bool {
        password::is_outdated(&self.hash)
    }
}

/// The hash of some other account, always the same for one address, so that outdated hashing parameters are as frequent
/// as among existing accounts.
fn substitute_hash(snapshot: &Snapshot, email: &str, fallback: &Secret) -> Secret {
    let users = snapshot.users.all();
    let hashes: Vec<&Secret> = users.iter().filter_map(|user| user.password_hash.as_ref()).collect();
    let digest = sha256_hex(&email.trim().to_lowercase());
    let number = usize::from_str_radix(&digest[..8], 16).unwrap_or_default();
    hashes.get(number % hashes.len().max(1)).map_or_else(|| fallback.clone(), |hash| (*hash).clone())
}

/// Returns the user, with the token version that the password belongs to, if it matched and the account is active;
/// otherwise records the refusal.
pub async fn complete_password_attempt(
    store: &Store,
    origin: &Origin,
    attempt: &PasswordAttempt,
    matched: bool,
) -> Result<Result<Proved, PasswordRefusal>> {
    let reason = match &attempt.user {
        None => "unknown_user",
        Some(user) if user.password_hash.is_none() => "no_password",
        Some(_) if !matched => "invalid_password",
        Some(user) if !user.active => "deactivated",
        Some(user) => return Ok(Ok(Proved::from(user.as_ref()))),
    };
    let user_id = attempt.user.as_ref().map(|user| user.id.clone());
    let actor = Actor { user_id, origin: origin.clone() };
    let details = json!({ "email": attempted(&attempt.email) });
    store
        .write(move |change| audit::record_result(change, &actor, Action::LoginFailed, "auth", details, reason))
        .await?;
    Ok(Err(if reason == "deactivated" { PasswordRefusal::Deactivated } else { PasswordRefusal::Credentials }))
}

/// Stores a hash of the same password with current parameters, unless the password has changed since.
pub async fn replace_password_hash(
    store: &Store,
    user: &Proved,
    attempt: &PasswordAttempt,
    hash: Secret,
) -> Result<(), StoreError> {
    let (id, previous) = (user.id.clone(), attempt.hash.clone());
    store.write(move |change| users::rehash(change, &id, &previous, &hash)).await
}
