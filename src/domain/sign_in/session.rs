use serde_json::{Value, json};

use crate::access::{AuthKind, Keys, Principal, is_admin};
use crate::base::secret::Secret;
use crate::base::time;
use crate::domain::accounts::view;
use crate::domain::{Error, Result, rules};
use crate::store::audit::{self, Action, Origin};
use crate::store::users::Proved;
use crate::store::{ADMIN_GROUP, Change, Store, StoreError, members, sessions, users};

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

/// Starts a session for a user who has proved who they are, unless their sessions were ended since.
pub async fn start_session(
    store: &Store,
    keys: &Keys,
    origin: Origin,
    user: Proved,
    method: SignInMethod,
) -> Result<StartedSession> {
    let (actor, proved) = (origin.user(&user.id), user.clone());
    let written = store.write(move |change| -> Result<_, StoreError> {
        let email = users::sign_in(change, &proved)?;
        let (action, details) = method.audit();
        audit::record(change, &actor, action, "auth", details)?;
        Ok(email)
    });
    let email = written.await.map_err(|error| match error {
        // The account was deleted or deactivated, or its password was changed, after the proof.
        StoreError::NotFound(text) | StoreError::Conflict(text) => Error::Unauthorized(text),
        other => other.into(),
    })?;
    let token = keys.issue_session(&user.id, &email, user.token_version)?;
    let role = view::role(is_admin(&store.snapshot(), &user.id));
    Ok(StartedSession { token, user_id: user.id, email, role })
}

/// Ends the session of the caller. Personal tokens stay valid.
pub async fn end_session(store: &Store, caller: &Principal) -> Result<()> {
    let jti = match caller.kind() {
        AuthKind::Session(jti) => jti.clone(),
        _ => None,
    };
    let (actor, user_id) = (caller.actor(), caller.user().id.clone());
    // The id of a session without an expiry time is remembered until the end of the year 9999.
    let expires_at = caller.expires_at().unwrap_or(time::from_micros(253_402_300_799_000_000));
    let written = store.write(move |change| -> Result<_, StoreError> {
        if let Some(jti) = &jti {
            sessions::revoke(change, jti, &user_id, expires_at)?;
        }
        audit::record(change, &actor, Action::Logout, "auth", Value::Null)
    });
    Ok(written.await?)
}

/// The account that becomes the first admin.
pub struct FirstAdmin {
    email: String,
    name: String,
}

impl FirstAdmin {
    /// Checks the values of a request; an empty password means none.
    pub fn new(email: &str, password: &str, name: &str) -> Result<Self> {
        let email = rules::email(email)?;
        if !password.is_empty() {
            rules::password(password)?;
        }
        Ok(Self { email, name: rules::name(name)? })
    }
}

/// Creates the first admin and starts a session. A seeded admin who has no password yet can be claimed this way; other
/// accounts cannot.
pub async fn bootstrap_admin(
    store: &Store,
    keys: &Keys,
    origin: Origin,
    admin: FirstAdmin,
    password_hash: Option<Secret>,
) -> Result<StartedSession> {
    let by = origin.clone();
    let written = store.write(move |change| -> Result<_> {
        if !members::is_bootstrap_open(change)? {
            return Err(Error::Forbidden(
                "Bootstrap disabled — a user with a password already exists. Use /auth/password/login.".into(),
            ));
        }
        let (id, action) = activate(change, &admin)?;
        if let Some(hash) = &password_hash {
            users::set_password(change, &id, hash)?;
        }
        members::claim(change, &id, ADMIN_GROUP, members::BOOTSTRAP)?;
        audit::record(change, &by.user(&id), action, "auth", Value::Null)?;
        Ok(users::proved(change, &id)?)
    });
    start_session(store, keys, origin, written.await?, SignInMethod::Bootstrap).await
}

fn activate(change: &Change<'_>, FirstAdmin { email, name }: &FirstAdmin) -> Result<(String, Action)> {
    if let Some(id) = users::id_of(change, email)? {
        // An unauthenticated caller must not take over the account of somebody else.
        if !members::is_seeded_admin(change, &id)? {
            return Err(Error::conflict("A user with this address exists already; use another address"));
        }
        return Ok((id, Action::BootstrapActivatedSeed));
    }
    let local_part = email.split('@').next().unwrap_or(email);
    let name = if name.is_empty() { local_part } else { name };
    Ok((users::insert(change, email, Some(name))?, Action::BootstrapCompleted))
}
