//! The state as requests read it: immutable, shared, replaced after each commit.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::column_metadata::Descriptions;
use super::grants::Grants;
use super::groups::Groups;
use super::lineage::Versions;
use super::members::Members;
use super::metrics::Metrics;
use super::registry::Registry;
use super::saved_queries::SavedQueries;
use super::second_factors::SecondFactor;
use super::sessions::Sessions;
use super::sync_state::SyncState;
use super::tokens::Credential;
use super::users::Users;
use super::{Reader, access_requests, metrics, second_factors, sessions, sync_state, tokens};
use crate::config::GoogleGroups;
use crate::engine;

/// Everything that decides who may do what, and what is registered. Each part is loaded again only when a change wrote
/// to its table.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub users: Arc<Users>,
    pub groups: Arc<Groups>,
    pub members: Arc<Members>,
    pub grants: Arc<Grants>,
    /// Personal access tokens by id; not those that ended long ago.
    pub tokens: Arc<HashMap<String, Credential>>,
    pub registry: Arc<Registry>,
    pub saved_queries: Arc<SavedQueries>,
    /// What the tables of saved queries were made of.
    pub versions: Arc<Versions>,
    /// By table name.
    pub sync: Arc<HashMap<String, SyncState>>,
    /// By user id.
    pub second_factors: Arc<HashMap<String, SecondFactor>>,
    /// Sessions that were not ended, by `jti`.
    pub sessions: Arc<Sessions>,
    /// `jti` of sessions that were ended early.
    pub revoked_sessions: Arc<HashSet<String>>,
    /// Requests for access that nobody has decided on.
    pub pending_requests: usize,
    pub metrics: Arc<Metrics>,
    pub descriptions: Arc<Descriptions>,
    /// Which groups Google Workspace manages, from the settings.
    pub google: Arc<GoogleGroups>,
    /// Version in the database; [`super::VERSION`] or newer.
    pub schema_version: i32,
}

type Load = fn(&mut Snapshot, &Reader<'_>) -> engine::Result<()>;

/// Every part of the snapshot: the only table that it is made from, and how it is loaded.
const PARTS: [(&str, Load); 15] = [
    ("users", |next, reader| Users::load(reader).map(|part| next.users = part.into())),
    ("user_groups", |next, reader| Groups::load(reader).map(|part| next.groups = part.into())),
    ("user_group_members", |next, reader| Members::load(reader).map(|part| next.members = part.into())),
    ("resource_grants", |next, reader| Grants::load(reader).map(|part| next.grants = part.into())),
    ("personal_access_tokens", |next, reader| tokens::load(reader).map(|part| next.tokens = part.into())),
    ("table_registry", |next, reader| Registry::load(reader).map(|part| next.registry = part.into())),
    ("saved_queries", |next, reader| SavedQueries::load(reader).map(|part| next.saved_queries = part.into())),
    ("saved_query_versions", |next, reader| Versions::load(reader).map(|part| next.versions = part.into())),
    ("sync_state", |next, reader| sync_state::load(reader).map(|part| next.sync = part.into())),
    ("second_factors", |next, reader| second_factors::load(reader).map(|part| next.second_factors = part.into())),
    ("user_sessions", |next, reader| sessions::load(reader).map(|part| next.sessions = part.into())),
    ("revoked_sessions", |next, reader| sessions::load_revoked(reader).map(|part| next.revoked_sessions = part.into())),
    ("access_requests", |next, reader| access_requests::pending(reader).map(|part| next.pending_requests = part)),
    ("metric_definitions", |next, reader| metrics::load(reader).map(|part| next.metrics = part.into())),
    ("column_metadata", |next, reader| Descriptions::load(reader).map(|part| next.descriptions = part.into())),
];

impl Snapshot {
    pub(super) fn load(reader: &Reader<'_>, google: &Arc<GoogleGroups>) -> engine::Result<Self> {
        let schema_version = reader.one("SELECT max(version) FROM schema_version", [], |row| row.get(0))?;
        Self { schema_version, google: Arc::clone(google), ..Self::default() }
            .reload(reader, &PARTS.map(|(table, _)| table).into())
    }

    /// Whether a part is made from one of these tables.
    pub(super) fn is_made_from(tables: &BTreeSet<&str>) -> bool {
        PARTS.iter().any(|(table, _)| tables.contains(table))
    }

    /// The snapshot with the parts that are made from these tables loaded again.
    pub(super) fn reload(&self, reader: &Reader<'_>, tables: &BTreeSet<&str>) -> engine::Result<Self> {
        let mut next = self.clone();
        let mut parts = PARTS.iter().filter(|(table, _)| tables.contains(table));
        parts.try_for_each(|(_, load)| load(&mut next, reader)).map(|()| next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Limits, in_memory};
    use crate::store::schema::TABLES;

    /// [`super::super::Change::execute`] renews only the part whose table it writes to.
    #[test]
    fn each_part_reads_its_own_table_and_no_other() {
        for (table, load) in PARTS {
            let connection = in_memory(&Limits::small()).unwrap();
            let (_, columns) = TABLES.iter().find(|(name, _)| *name == table).unwrap();
            assert!(load(&mut Snapshot::default(), &Reader::new(&connection)).is_err(), "{table}");
            connection.execute_batch(&format!("CREATE TABLE {table} ({columns})")).unwrap();
            load(&mut Snapshot::default(), &Reader::new(&connection)).unwrap();
        }
    }
}
