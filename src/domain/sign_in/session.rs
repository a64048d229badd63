use serde_json::{Value, json};

use crate::access::{AuthKind, Keys, Principal, SESSION_SECONDS, is_admin, session_id};
use crate::base::secret::Secret;
use crate::base::time;
use crate::domain::accounts::view;
use crate::domain::second_factor::{Missing, SecondFactors};
use crate::domain::{Error, Result, rules};
use crate::store::audit::{self, Action, Origin};
use crate::store::sessions::Session;
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
    fn as_str(self) -> &'static str {
        match self {
            Self::ApiPassword | Self::Password => "password",
            Self::MagicLink => "magic_link",
            Self::Google => "google",
            Self::Bootstrap => "bootstrap",
        }
    }

    /// Google checks its own second factor. The first admin has none yet.
    fn needs_second_factor(self) -> bool {
        !matches!(self, Self::Google | Self::Bootstrap)
    }

    /// The audit action and its details.
    fn audit(self) -> (Action, Value) {
        match self {
            Self::ApiPassword => (Action::ApiLogin, Value::Null),
            _ => (Action::Login, json!({ "provider": self.as_str() })),
        }
    }
}

/// Whether a user has proved a second factor.
#[derive(Clone, Debug)]
pub enum Factor {
    /// With this code, if one was given.
    Code(Option<String>),
    /// A moment ago, when it was set up.
    Proved,
}

/// Starts a session for a user who has proved who they are, unless their sessions were ended since. Returns
/// [`Error::Lacks`] if a second factor is missing.
pub async fn start_session(
    store: &Store,
    keys: &Keys,
    factors: &SecondFactors,
    origin: Origin,
    user: Proved,
    method: SignInMethod,
    factor: Factor,
) -> Result<StartedSession> {
    let session = new_session(&origin, &user.id, method);
    let (session_id, actor, proved) = (session.id.clone(), origin.user(&user.id), user.clone());
    let factors = factors.clone();
    let written = store.write(move |change| -> Result<_> {
        let email = users::sign_in(change, &proved)?;
        let missing = match &factor {
            Factor::Code(code) if method.needs_second_factor() => {
                factors.missing(change, change.snapshot(), &proved.id, code.as_deref())?
            }
            Factor::Code(_) | Factor::Proved => None,
        };
        if let Some(missing) = missing {
            if missing == Missing::WrongCode {
                let details = json!({ "provider": method.as_str() });
                audit::record_result(change, &actor, Action::LoginFailed, "auth", details, missing.code())?;
            }
            return Ok(Err(missing));
        }
        sessions::insert(change, &session)?;
        let (action, details) = method.audit();
        audit::record(change, &actor, action, "auth", details)?;
        Ok(Ok(email))
    });
    let written = written.await.map_err(|error| match error {
        // The account was deleted or deactivated, or its password was changed, after the proof.
        Error::NotFound(text) | Error::Conflict(text) => Error::Unauthorized(text),
        other => other,
    })?;
    let email = written.map_err(Error::Lacks)?;
    let token = keys.issue_session(&session_id, &user.id, &email, user.token_version)?;
    let role = view::role(is_admin(&store.snapshot(), &user.id));
    Ok(StartedSession { token, user_id: user.id, email, role })
}

/// A session that begins now.
pub(super) fn new_session(origin: &Origin, user_id: &str, method: SignInMethod) -> Session {
    let end = time::now().as_microsecond() + SESSION_SECONDS * 1_000_000;
    Session {
        id: session_id(),
        user_id: user_id.to_owned(),
        method: Some(method.as_str().into()),
        created_at: None,
        expires_at: Some(time::from_micros(end)),
        last_used_at: None,
        last_used_ip: origin.ip.map(|ip| ip.to_string()),
        user_agent: origin.user_agent.clone(),
    }
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

/// Returns whether the first admin can be created by whoever comes.
pub async fn is_bootstrap_open(store: &Store) -> Result<bool> {
    // Almost always, and without a read.
    if store.snapshot().users.any_password() {
        return Ok(false);
    }
    Ok(store.read(members::is_bootstrap_open).await?)
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
    factors: &SecondFactors,
    origin: Origin,
    admin: FirstAdmin,
    password_hash: Option<Secret>,
) -> Result<StartedSession> {
    let by = origin.clone();
    let written = store.write(move |change| -> Result<_> {
        if !members::is_bootstrap_open(change).map_err(StoreError::from)? {
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
    start_session(store, keys, factors, origin, written.await?, SignInMethod::Bootstrap, Factor::Code(None)).await
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
