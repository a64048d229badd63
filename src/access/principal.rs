//! From a token to a person.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::session_uses::SessionUses;
use super::token::{Claims, Keys};
use crate::base::hash::sha256_hex;
use crate::base::secret::Secret;
use crate::base::time;
use crate::protocol::tokens::Scope;
use crate::store::audit::{Actor, Origin};
use crate::store::tokens::Credential;
use crate::store::users::User;
use crate::store::{SCHEDULER_EMAIL, Snapshot};

/// How a caller proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthKind {
    /// By the id of the session, if the token has one.
    Session(Option<String>),
    /// A personal access token, by its id.
    Token(String),
    /// As itself, or for somebody whose work it runs.
    Scheduler,
    /// Without a proof: the server runs in development mode.
    Dev,
}

/// An authenticated, active user, as of one snapshot.
#[derive(Clone, Debug)]
pub struct Principal {
    user: Arc<User>,
    is_admin: bool,
    /// That of the token; without one everything that the user may do.
    scope: Scope,
    kind: AuthKind,
    expires_at: Option<Timestamp>,
    origin: Origin,
}

/// Proof that a caller is in the Admin group.
#[derive(Clone, Debug)]
pub struct Admin(Principal);

/// Proof that a caller signed in, instead of using a token: a token must not create further ones that outlive it.
#[derive(Clone, Debug)]
pub struct Interactive(Principal);

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
    #[error("Token has an unknown scope")]
    UnknownScope,
    #[error("Token mismatch")]
    Mismatch,
    #[error("Scheduler user not provisioned")]
    NoScheduler,
}

/// Authenticates callers by their tokens.
pub struct Authenticator {
    keys: ArcSwap<Keys>,
    scheduler: Option<Secret>,
    developer: Option<String>,
    sessions: SessionUses,
}

impl Authenticator {
    /// `scheduler` is the shared secret with which the scheduler acts as an admin. Every request is made by the user
    /// with the address `developer`, if there is one. A session that is not used for `max_idle` ends.
    pub fn new(keys: Keys, scheduler: Option<Secret>, developer: Option<String>, max_idle: Duration) -> Self {
        Self { keys: ArcSwap::from_pointee(keys), scheduler, developer, sessions: SessionUses::new(max_idle) }
    }

    /// When sessions were last used.
    pub fn sessions(&self) -> &SessionUses {
        &self.sessions
    }

    /// The current keys.
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    /// Replaces the keys.
    pub fn set_keys(&self, keys: Keys) {
        self.keys.store(Arc::new(keys));
    }

    /// Whether a token is that of a session that began before sessions were recorded.
    pub fn is_unrecorded_session(&self, snapshot: &Snapshot, token: &str) -> bool {
        let session = self.keys.load().check(token).filter(|claims| claims.typ != "pat");
        session.and_then(|claims| claims.jti).is_some_and(|jti| !snapshot.sessions.contains_key(&jti))
    }

    /// Returns the owner of a token. Needs no database query.
    pub fn authenticate(
        &self,
        snapshot: &Snapshot,
        token: Option<&str>,
        origin: Origin,
    ) -> Result<Principal, Unauthorized> {
        if let Some(user) = self.developer.as_ref().and_then(|email| snapshot.users.by_email(email)) {
            return Ok(Principal::new(snapshot, user, AuthKind::Dev, origin));
        }
        let token = token.ok_or(Unauthorized::Missing)?;
        if self.scheduler.as_ref().is_some_and(|secret| same(secret.expose(), token)) {
            let user = snapshot.users.by_email(SCHEDULER_EMAIL).ok_or(Unauthorized::NoScheduler)?;
            let user = Some(user).filter(|user| user.active).ok_or(Unauthorized::Deactivated)?;
            return Ok(Principal::new(snapshot, user, AuthKind::Scheduler, origin));
        }
        let claims = self.keys.load().check(token).ok_or(Unauthorized::Invalid)?;
        if claims.foreign && personal_token(snapshot, &claims, token).is_err() {
            return Err(Unauthorized::Invalid);
        }
        let user = snapshot.users.get(&claims.sub).ok_or(Unauthorized::UnknownUser)?;
        if !user.active {
            return Err(Unauthorized::Deactivated);
        }
        let expires_at = claims.exp.map(|seconds| time::from_micros(seconds.saturating_mul(1_000_000)));
        let principal = if claims.typ == "pat" {
            let (id, stored) = personal_token(snapshot, &claims, token)?;
            let scope = scope(stored, &claims)?;
            let kind = AuthKind::Token(id.clone());
            Principal { scope, ..Principal::new(snapshot, user, kind, origin) }
        } else {
            let is_over = claims.ver.unwrap_or(0) != user.token_version || is_revoked(snapshot, claims.jti.as_ref());
            let recorded = claims.jti.as_ref().and_then(|jti| snapshot.sessions.get(jti));
            if is_over || recorded.is_some_and(|session| !self.sessions.record(session, origin.ip)) {
                return Err(Unauthorized::Invalid);
            }
            Principal::new(snapshot, user, AuthKind::Session(claims.jti), origin)
        };
        Ok(Principal { expires_at, ..principal })
    }
}

fn personal_token<'a>(
    snapshot: &'a Snapshot,
    claims: &Claims,
    token: &str,
) -> Result<(&'a String, &'a Credential), Unauthorized> {
    let stored = claims.jti.as_ref().and_then(|id| snapshot.tokens.get_key_value(id));
    let (id, stored) = stored.ok_or(Unauthorized::UnknownToken)?;
    if stored.is_revoked {
        return Err(Unauthorized::Revoked);
    }
    if stored.expires_at.is_some_and(|at| at <= Timestamp::now()) {
        return Err(Unauthorized::Expired);
    }
    if stored.user_id != claims.sub || !same(&stored.token_hash, &sha256_hex(token)) {
        return Err(Unauthorized::Mismatch);
    }
    Ok((id, stored))
}

/// Whether somebody signed out of the session with this id.
pub(super) fn is_revoked(snapshot: &Snapshot, jti: Option<&String>) -> bool {
    jti.is_some_and(|jti| snapshot.revoked_sessions.contains(jti))
}

/// The scope of a token. One that this version does not know opens nothing: it was meant to restrict something.
fn scope(stored: &Credential, claims: &Claims) -> Result<Scope, Unauthorized> {
    let text = stored.scopes.as_deref().or(claims.scope.as_deref()).map(str::trim);
    text.map_or(Ok(Scope::General), str::parse).map_err(|_| Unauthorized::UnknownScope)
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

impl Principal {
    fn new(snapshot: &Snapshot, user: &Arc<User>, kind: AuthKind, origin: Origin) -> Self {
        let is_admin = is_admin(snapshot, &user.id);
        Self { user: Arc::clone(user), is_admin, scope: Scope::General, kind, expires_at: None, origin }
    }

    /// Somebody whose work runs without them, with their rights of today, but not those of an administrator.
    pub fn absent(snapshot: &Snapshot, user_id: &str) -> Result<Self, Unauthorized> {
        let user = snapshot.users.get(user_id).ok_or(Unauthorized::UnknownUser)?;
        if !user.active {
            return Err(Unauthorized::Deactivated);
        }
        let principal = Self::new(snapshot, user, AuthKind::Scheduler, Origin::internal());
        Ok(Self { scope: Scope::NoAdmin, ..principal })
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

    /// The caller, for the audit log.
    pub fn actor(&self) -> Actor {
        self.origin.clone().user(&self.user.id)
    }

    /// The proof that the caller signed in, or else how they authenticated.
    pub fn interactive(self) -> Result<Interactive, AuthKind> {
        match self.kind {
            AuthKind::Session(_) | AuthKind::Dev => Ok(Interactive(self)),
            AuthKind::Token(_) | AuthKind::Scheduler => Err(self.kind),
        }
    }

    /// Returns whether the caller is an admin, and the token in use allows administration.
    pub fn may_administer(&self) -> bool {
        self.is_admin && self.scope == Scope::General
    }

    /// Returns whether the caller may end a token of theirs: with a restricted token, only that token itself.
    pub fn may_revoke(&self, token_id: &str) -> bool {
        self.scope == Scope::General || matches!(&self.kind, AuthKind::Token(own) if own == token_id)
    }

    /// The proof that the caller is an admin, if they are and the token in use allows administration.
    pub fn admin(self) -> Option<Admin> {
        self.may_administer().then_some(Admin(self))
    }
}

impl Deref for Admin {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl Deref for Interactive {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

/// Whether a user is in the Admin group.
pub fn is_admin(snapshot: &Snapshot, user_id: &str) -> bool {
    let Some(admin) = snapshot.groups.admin_id() else { return false };
    snapshot.members.of_user(user_id).iter().any(|member| member.group_id == admin)
}
