use serde_json::Value;

use super::{SignInMethod, StartedSession, start_session};
use crate::access::Keys;
use crate::base::secret::Secret;
use crate::domain::{Error, rules};
use crate::store::audit::{Action, Origin};
use crate::store::{ADMIN_GROUP, Change, Store, audit, members, users};

/// The account that becomes the first admin.
pub struct FirstAdmin {
    email: String,
    name: String,
}

impl FirstAdmin {
    /// Checks the values of a request; an empty password means none.
    pub fn new(email: &str, password: &str, name: &str) -> Result<Self, Error> {
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
) -> Result<StartedSession, Error> {
    let by = origin.clone();
    let id = store
        .write(move |change| -> Result<_, Error> {
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
            Ok(id)
        })
        .await?;
    start_session(store, keys, origin, &id, SignInMethod::Bootstrap).await
}

fn activate(change: &Change<'_>, FirstAdmin { email, name }: &FirstAdmin) -> Result<(String, Action), Error> {
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
