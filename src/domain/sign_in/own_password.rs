use serde_json::{Value, json};

use super::session::{StartedSession, new_session};
use super::{PasswordAttempt, SignInMethod};
use crate::access::{Interactive, Keys};
use crate::base::secret::Secret;
use crate::domain::accounts::view;
use crate::domain::{Error, Result};
use crate::store::audit::{self, Action};
use crate::store::{Store, StoreError, sessions, users};

/// Replaces the caller's own password, whose current one was verified against `attempt`. All sessions end; the caller goes
/// on with the one that is returned. `revoke_tokens` also revokes the personal tokens.
pub async fn change_own_password(
    store: &Store,
    keys: &Keys,
    caller: &Interactive,
    attempt: &PasswordAttempt,
    hash: Secret,
    revoke_tokens: bool,
) -> Result<StartedSession> {
    let (actor, user) = (caller.actor(), caller.user());
    let (id, email, version, previous) = (user.id.clone(), user.email.clone(), user.token_version, attempt.hash());
    let session = new_session(&actor.origin, &id, SignInMethod::Password);
    let session_id = session.id.clone();
    let user_id = id.clone();
    let written = store.write(move |change| {
        let Some(version) = users::change_password(change, &id, &previous, version, &hash)? else {
            return Err(Error::Unauthorized("Your session has ended; sign in again".into()));
        };
        if revoke_tokens {
            users::revoke_tokens(change, &id)?;
        }
        sessions::insert(change, &session)?;
        let details = json!({ "revoke_tokens": revoke_tokens });
        audit::record(change, &actor, Action::PasswordChange, &format!("user:{id}"), details)?;
        Ok(version)
    });
    let token = keys.issue_session(&session_id, &user_id, &email, written.await?)?;
    Ok(StartedSession { token, user_id, email, role: view::role(caller.is_admin()) })
}

/// Records that the caller gave a wrong current password.
pub async fn record_wrong_password(store: &Store, caller: &Interactive) -> Result<(), StoreError> {
    let (actor, resource) = (caller.actor(), format!("user:{}", caller.user().id));
    let written = store.write(move |change| {
        audit::record_result(change, &actor, Action::PasswordChange, &resource, Value::Null, "invalid_password")
    });
    written.await
}
