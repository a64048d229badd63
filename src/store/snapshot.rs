//! The state as requests read it: immutable, shared, replaced after each commit.

use std::collections::{HashMap, HashSet};
use std::ops::BitOr;
use std::sync::Arc;

use super::grants::Grants;
use super::groups::Groups;
use super::members::Members;
use super::registry::Registry;
use super::sync_state::SyncStates;
use super::tokens::Token;
use super::users::Users;
use crate::engine::{self, Connection};

/// Everything that decides who may do what, and what is registered. Each part is loaded again only when a change
/// touched it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub users: Arc<Users>,
    pub groups: Arc<Groups>,
    pub members: Arc<Members>,
    pub grants: Arc<Grants>,
    /// Personal access tokens by id.
    pub tokens: Arc<HashMap<String, Token>>,
    pub registry: Arc<Registry>,
    pub sync: Arc<SyncStates>,
    /// `jti` of sessions that were signed out before their end.
    pub revoked_sessions: Arc<HashSet<String>>,
    /// Version in the database; [`super::VERSION`] or newer.
    pub schema_version: i32,
}

/// A set of parts of the snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parts(u16);

impl Parts {
    pub const NONE: Self = Self(0);
    pub const USERS: Self = Self(1);
    pub const GROUPS: Self = Self(2);
    pub const MEMBERS: Self = Self(4);
    pub const GRANTS: Self = Self(8);
    pub const TOKENS: Self = Self(16);
    pub const REGISTRY: Self = Self(32);
    pub const SYNC: Self = Self(64);
    pub const REVOKED: Self = Self(128);
    const ALL: Self = Self(255);

    fn has(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }
}

impl BitOr for Parts {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Snapshot {
    pub(super) fn load(connection: &Connection) -> engine::Result<Self> {
        let version = connection.query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0))?;
        Self { schema_version: version, ..Self::default() }.reload(connection, Parts::ALL)
    }

    pub(super) fn reload(&self, connection: &Connection, stale: Parts) -> engine::Result<Self> {
        let mut next = self.clone();
        if stale.has(Parts::USERS) {
            next.users = Arc::new(Users::load(connection)?);
        }
        if stale.has(Parts::GROUPS) {
            next.groups = Arc::new(Groups::load(connection)?);
        }
        if stale.has(Parts::MEMBERS) {
            next.members = Arc::new(Members::load(connection)?);
        }
        if stale.has(Parts::GRANTS) {
            next.grants = Arc::new(Grants::load(connection)?);
        }
        if stale.has(Parts::TOKENS) {
            next.tokens = Arc::new(super::tokens::load(connection)?);
        }
        if stale.has(Parts::REGISTRY) {
            next.registry = Arc::new(Registry::load(connection)?);
        }
        if stale.has(Parts::SYNC) {
            next.sync = Arc::new(SyncStates::load(connection)?);
        }
        if stale.has(Parts::REVOKED) {
            next.revoked_sessions = Arc::new(super::sessions::load(connection)?);
        }
        Ok(next)
    }
}
