use serde_json::{Value, json};

use crate::access::{Keys, is_admin};
use crate::base::secret::Secret;
use crate::domain::Error;
use crate::store::audit::{Action, Origin};
use crate::store::{Store, StoreError, audit, users};

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
    /// `POST /auth/token`, which command lines use.
    ApiPassword,
    Password,
    MagicLink,
    Google,
    Bootstrap,
}

impl SignInMethod {
    /// The audit action, and its details.
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
    let token = keys.issue_session(user_id, &email, version)?.token;
    let role = if is_admin(&store.snapshot(), user_id) { "admin" } else { "user" };
    Ok(StartedSession { token, user_id: user_id.to_owned(), email, role })
}
