//! People and service accounts.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError};
use crate::base::random;
use crate::base::secret::Secret;
use crate::engine::{self, Row, params};

#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub email: String,
    pub name: Option<String>,
    /// argon2id, in PHC form.
    pub password_hash: Option<Secret>,
    pub active: bool,
    pub created_at: Option<Timestamp>,
    pub deactivated_at: Option<Timestamp>,
    pub last_login_at: Option<Timestamp>,
    /// A session contains the version it was started with; incrementing it ends all sessions.
    pub token_version: i64,
}

#[derive(Debug, Default)]
pub struct Users {
    by_id: HashMap<String, Arc<User>>,
    by_email: HashMap<String, Arc<User>>,
    by_lower_email: HashMap<String, Arc<User>>,
}

fn password_hash(row: &Row<'_>, index: usize) -> engine::Result<Option<Secret>> {
    Ok(row.get::<_, Option<String>>(index)?.filter(|hash| !hash.is_empty()).map(Secret::new))
}

impl Users {
    pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Self> {
        let users: Vec<User> = reader.list(
            "SELECT id, email, name, password_hash, active, epoch_us(created_at), epoch_us(deactivated_at),
                        epoch_us(last_login_at), coalesce(token_version, 0)
                 FROM users ORDER BY created_at DESC",
            [],
            read_row!(as User {
                id, email, name, password_hash: password_hash, active, created_at: row::time,
                deactivated_at: row::time, last_login_at: row::time, token_version
            }),
        )?;
        let mut loaded = Self::default();
        // Newest first, so that the oldest account wins where addresses differ only in case, as v0.35 allowed.
        for user in users.into_iter().map(Arc::new) {
            loaded.by_email.insert(user.email.clone(), Arc::clone(&user));
            loaded.by_lower_email.insert(user.email.to_lowercase(), Arc::clone(&user));
            loaded.by_id.insert(user.id.clone(), user);
        }
        Ok(loaded)
    }

    pub fn get(&self, id: &str) -> Option<&Arc<User>> {
        self.by_id.get(id)
    }

    /// Returns the user with exactly that address, otherwise the one whose address differs only in case.
    pub fn by_email(&self, email: &str) -> Option<&Arc<User>> {
        self.by_email.get(email).or_else(|| self.by_lower_email.get(&email.to_lowercase()))
    }

    /// Returns all users, by address.
    pub fn all(&self) -> Vec<&Arc<User>> {
        let mut users: Vec<_> = self.by_id.values().collect();
        users.sort_by(|a, b| a.email.cmp(&b.email));
        users
    }

    /// Returns whether any user has a password.
    pub fn any_password(&self) -> bool {
        self.by_id.values().any(|user| user.password_hash.is_some())
    }
}

/// The account behind the scheduler's shared secret.
pub const SCHEDULER_EMAIL: &str = "scheduler@system.local";

/// Adds a user and returns the id.
pub fn insert(change: &Change<'_>, email: &str, name: Option<&str>) -> Result<String> {
    if id_of(change, email)?.is_some() {
        return Err(StoreError::Conflict("User with this email already exists".into()));
    }
    let id = random::uuid();
    let now = change.now.as_microsecond();
    change.run(
        "INSERT INTO users (id, email, name, active, created_at, updated_at)
         VALUES (?, ?, ?, true, make_timestamp(?::BIGINT), make_timestamp(?::BIGINT))",
        params![id, email, name, now, now],
    )?;
    Ok(id)
}

/// Returns the id of the user with that address, and whether the user was added now.
pub fn ensure(change: &Change<'_>, email: &str, name: Option<&str>) -> Result<(String, bool)> {
    match id_of(change, email)? {
        Some(id) => Ok((id, false)),
        None => Ok((insert(change, email, name)?, true)),
    }
}

/// Sets or replaces the password. Replacing it ends all sessions and personal tokens.
pub fn set_password(change: &Change<'_>, id: &str, password_hash: &Secret) -> Result<()> {
    let is_replaced = change.exists("SELECT 1 FROM users WHERE id = ? AND coalesce(password_hash, '') <> ''", [id])?;
    let changed = change.execute(
        "UPDATE users SET password_hash = ?, updated_at = make_timestamp(?::BIGINT) WHERE id = ?",
        params![password_hash.expose(), change.now.as_microsecond(), id],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound("User not found".into()));
    }
    if is_replaced {
        end_tokens(change, id)?;
    }
    // Links that were mailed earlier must not undo this.
    super::one_time::clear(change, id)?;
    Ok(())
}

/// Replaces the password `previous`, which ends all sessions. Returns the new token version; `None` if the password or
/// the token version has changed since.
pub fn change_password(
    change: &Change<'_>,
    id: &str,
    previous: &Secret,
    version: i64,
    password_hash: &Secret,
) -> Result<Option<i64>> {
    let changed = change.execute(
        "UPDATE users SET password_hash = ?, updated_at = make_timestamp(?::BIGINT)
         WHERE id = ? AND active AND password_hash = ? AND coalesce(token_version, 0) = ?",
        params![password_hash.expose(), change.now.as_microsecond(), id, previous.expose(), version],
    )?;
    if changed == 0 {
        return Ok(None);
    }
    end_sessions(change, id)?;
    super::one_time::clear(change, id)?;
    Ok(Some(version + 1))
}

/// Sets the display name.
pub fn set_name(change: &Change<'_>, id: &str, name: &str) -> Result<()> {
    let changed = change.execute(
        "UPDATE users SET name = ?, updated_at = make_timestamp(?::BIGINT) WHERE id = ?",
        params![name, change.now.as_microsecond(), id],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound("User not found".into()));
    }
    Ok(())
}

/// Replaces the hash of an unchanged password, because the hashing parameters have changed. Sessions continue.
pub fn rehash(change: &Change<'_>, id: &str, previous: &Secret, new: &Secret) -> Result<()> {
    change.run(
        "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?",
        params![new.expose(), id, previous.expose()],
    )
}

/// Ends all sessions of a user.
pub fn end_sessions(change: &Change<'_>, id: &str) -> Result<()> {
    change.run("UPDATE users SET token_version = coalesce(token_version, 0) + 1 WHERE id = ?", [id])?;
    super::sessions::forget(change, id)
}

/// Ends all sessions of a user and revokes all personal tokens.
pub fn end_tokens(change: &Change<'_>, id: &str) -> Result<()> {
    end_sessions(change, id)?;
    revoke_tokens(change, id)
}

/// Revokes all personal tokens of a user.
pub fn revoke_tokens(change: &Change<'_>, id: &str) -> Result<()> {
    change.run(
        "UPDATE personal_access_tokens SET revoked_at = make_timestamp(?::BIGINT)
         WHERE user_id = ? AND revoked_at IS NULL",
        params![change.now.as_microsecond(), id],
    )
}

/// A user who has proved who they are. The proof ends with the token version, which a new password raises.
#[derive(Clone, Debug)]
pub struct Proved {
    pub id: String,
    pub token_version: i64,
}

impl From<&User> for Proved {
    fn from(user: &User) -> Self {
        Self { id: user.id.clone(), token_version: user.token_version }
    }
}

/// A user who proves who they are within this transaction.
pub fn proved(change: &Change<'_>, id: &str) -> Result<Proved> {
    let version = "SELECT coalesce(token_version, 0) FROM users WHERE id = ?";
    let version = change.find(version, [id], |row| row.get(0))?;
    let token_version = version.ok_or_else(|| StoreError::NotFound("User not found".into()))?;
    Ok(Proved { id: id.to_owned(), token_version })
}

/// Records a sign-in, and returns the address for the session. Rejects an inactive user, and one whose sessions were ended
/// after the proof.
pub fn sign_in(change: &Change<'_>, user: &Proved) -> Result<String> {
    let Proved { id, token_version } = user;
    let stored: Option<(String, bool, i64)> =
        change.find("SELECT email, active, coalesce(token_version, 0) FROM users WHERE id = ?", [id], |row| {
            row.try_into()
        })?;
    let (email, active, version) = stored.ok_or_else(|| StoreError::NotFound("User not found".into()))?;
    if !active {
        return Err(StoreError::Conflict("Account deactivated".into()));
    }
    if version != *token_version {
        return Err(StoreError::Conflict("The password was changed meanwhile; sign in again".into()));
    }
    change.run(
        "UPDATE users SET last_login_at = make_timestamp(?::BIGINT) WHERE id = ?",
        params![change.now.as_microsecond(), id],
    )?;
    Ok(email)
}

/// Returns the id of the user that [`Users::by_email`] returns, as of this transaction.
pub fn id_of(change: &Change<'_>, email: &str) -> Result<Option<String>> {
    Ok(change.find(
        "SELECT id FROM users WHERE lower(email) = lower(?1) ORDER BY email <> ?1, created_at",
        [email],
        |row| row.get(0),
    )?)
}
