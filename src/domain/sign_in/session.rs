use serde_json::{Value, json};

use crate::access::{AuthKind, Keys, Principal, is_admin};
use crate::base::secret::Secret;
use crate::base::time;
use crate::domain::Error;
use crate::domain::accounts::view;
use crate::store::audit::{Action, Origin};
use crate::store::{Store, StoreError, audit, sessions, users};

/// A session that a user has just started.
pub struct StartedSession {
    pub token: Secret,
    pub user_id: String,
    pub email: String,
    /// `admin` or `user`; a label only.
    pub role: &'static str,
}

/// How a user proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInMethod {
    /// With a password at `POST /auth/token`, which command lines use.
    ApiPassword,
    Password,
    MagicLink,
    Google,
    Bootstrap,
}

impl SignInMethod {
    /// The audit action and its details.
    fn audit(self) -> (Action, Value) {
        let provider = match self {
            Self::ApiPassword => return (Action::ApiLogin, Value::Null),
            Self::Password => "password",
            Self::MagicLink => "magic_link",
            Self::Google => "google",
            Self::Bootstrap => "bootstrap",
        };
        (Action::Login, json!({ "provider": provider }))
    }
}

/// Starts a session for a user who has proved who they are.
pub async fn start_session(
    store: &Store,
    keys: &Keys,
    origin: Origin,
    user_id: &str,
    method: SignInMethod,
) -> Result<StartedSession, Error> {
    let (actor, id) = (origin.user(user_id), user_id.to_owned());
    let written = store.write(move |change| -> Result<_, StoreError> {
        let signed_in = users::sign_in(change, &id)?;
        let (action, details) = method.audit();
        audit::record(change, &actor, action, "auth", details)?;
        Ok(signed_in)
    });
    let (email, version) = written.await.map_err(|error| match error {
        // The account was deleted or deactivated after the proof.
        StoreError::NotFound(text) | StoreError::Conflict(text) => Error::Unauthorized(text),
        other => other.into(),
    })?;
    let token = keys.issue_session(user_id, &email, version)?;
    let role = view::role(is_admin(&store.snapshot(), user_id));
    Ok(StartedSession { token, user_id: user_id.to_owned(), email, role })
}

/// Ends the session of the caller. Personal tokens stay valid.
pub async fn end_session(store: &Store, caller: &Principal) -> Result<(), Error> {
    let jti = match caller.kind() {
        AuthKind::Session(jti) => jti.clone(),
        _ => None,
    };
    let (actor, user_id) = (caller.actor(), caller.user().id.clone());
    // The id of a session without an expiry time is remembered until the end of the year 9999.
    let expires_at = caller.expires_at().unwrap_or(time::from_micros(253_402_300_799_000_000));
    store
        .write(move |change| -> Result<_, StoreError> {
            if let Some(jti) = &jti {
                sessions::revoke(change, jti, &user_id, expires_at)?;
            }
            audit::record(change, &actor, Action::Logout, "auth", Value::Null)
        })
        .await?;
    Ok(())
}
