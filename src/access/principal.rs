//! From a token to a person.

use std::sync::Arc;

use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::token::{Claims, Keys};
use crate::base::hash::sha256_hex;
use crate::base::secret::Secret;
use crate::base::time;
use crate::store::users::User;
use crate::store::{SCHEDULER_EMAIL, Snapshot};

/// How a caller proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthKind {
    Session,
    /// A personal access token, by its id.
    Token(String),
    Scheduler,
}

/// An authenticated, active user, as of one snapshot.
#[derive(Clone, Debug)]
pub struct Principal {
    user: Arc<User>,
    is_admin: bool,
    kind: AuthKind,
    expires_at: Option<Timestamp>,
}

/// Proof that a caller is in the Admin group.
#[derive(Clone, Debug)]
pub struct Admin(Principal);

/// Why a token was not accepted; the texts are the contract with existing clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    #[error("Missing or invalid Authorization header")]
    Missing,
    #[error("Invalid or expired token")]
    Invalid,
    #[error("User not found")]
    UnknownUser,
    #[error("Account deactivated")]
    Deactivated,
    #[error("Token unknown")]
    UnknownToken,
    #[error("Token revoked")]
    Revoked,
    #[error("Token expired")]
    Expired,
    #[error("Token mismatch")]
    Mismatch,
    #[error("Scheduler user not provisioned")]
    NoScheduler,
}

/// Checks tokens.
pub struct Gate {
    pub keys: Keys,
    scheduler: Option<Secret>,
}

impl Gate {
    /// `scheduler` is the shared secret with which the scheduler acts as an admin.
    pub fn new(keys: Keys, scheduler: Option<Secret>) -> Self {
        Self { keys, scheduler }
    }

    /// Whose token this is. Costs no database query.
    pub fn authenticate(&self, snapshot: &Snapshot, token: Option<&str>) -> Result<Principal, Unauthorized> {
        let token = token.ok_or(Unauthorized::Missing)?;
        if self.scheduler.as_ref().is_some_and(|secret| same(secret.expose(), token)) {
            let user = snapshot.users.by_email(SCHEDULER_EMAIL).ok_or(Unauthorized::NoScheduler)?;
            return Ok(Principal::new(snapshot, user, AuthKind::Scheduler, None));
        }
        let claims = self.keys.check(token).ok_or(Unauthorized::Invalid)?;
        let user = snapshot.users.get(&claims.sub).ok_or(Unauthorized::UnknownUser)?;
        if !user.active {
            return Err(Unauthorized::Deactivated);
        }
        let kind = match claims.typ.as_str() {
            "pat" => AuthKind::Token(personal_token(snapshot, &claims, token)?),
            _ => AuthKind::Session,
        };
        let expires_at = claims.exp.map(|seconds| time::from_micros(seconds.saturating_mul(1_000_000)));
        Ok(Principal::new(snapshot, user, kind, expires_at))
    }
}

fn personal_token(snapshot: &Snapshot, claims: &Claims, token: &str) -> Result<String, Unauthorized> {
    let stored = claims.jti.as_ref().and_then(|id| snapshot.tokens.get(id)).ok_or(Unauthorized::UnknownToken)?;
    if stored.revoked_at.is_some() {
        return Err(Unauthorized::Revoked);
    }
    if stored.expires_at.is_some_and(|at| at <= Timestamp::now()) {
        return Err(Unauthorized::Expired);
    }
    if stored.user_id != claims.sub || !same(&stored.token_hash, &sha256_hex(token)) {
        return Err(Unauthorized::Mismatch);
    }
    Ok(stored.id.clone())
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

impl Principal {
    fn new(snapshot: &Snapshot, user: &Arc<User>, kind: AuthKind, expires_at: Option<Timestamp>) -> Self {
        Self { user: Arc::clone(user), is_admin: is_admin(snapshot, &user.id), kind, expires_at }
    }

    pub fn user(&self) -> &User {
        &self.user
    }

    pub fn is_admin(&self) -> bool {
        self.is_admin
    }

    pub fn kind(&self) -> &AuthKind {
        &self.kind
    }

    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The proof that the caller is an admin, if so.
    pub fn admin(self) -> Option<Admin> {
        self.is_admin.then_some(Admin(self))
    }
}

impl Admin {
    pub fn user(&self) -> &User {
        self.0.user()
    }
}

/// Whether a user is in the Admin group.
pub fn is_admin(snapshot: &Snapshot, user_id: &str) -> bool {
    let Some(admin) = snapshot.groups.admin_id() else { return false };
    snapshot.members.of_user(user_id).iter().any(|member| member.group_id == admin)
}
