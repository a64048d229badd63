//! The published tables that a caller may read. Manifest, download and query all use these functions.

use std::sync::Arc;

use super::{Principal, saved};
use crate::extract::{Content, Publication, PublishedTable};
use crate::protocol::vocabulary::{QueryMode, SourceType};
use crate::store::Snapshot;
use crate::store::registry::Table;

/// Proof that a caller may read a published table.
#[derive(Clone, Debug)]
pub struct ReadableTable {
    id: String,
    source_type: SourceType,
    query_mode: QueryMode,
    table: Arc<PublishedTable>,
}

impl ReadableTable {
    /// The registry id; the name if the table is not registered.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As registered; empty if the table is not registered.
    pub fn source_type(&self) -> &SourceType {
        &self.source_type
    }

    pub fn query_mode(&self) -> &QueryMode {
        &self.query_mode
    }

    pub fn table(&self) -> &PublishedTable {
        &self.table
    }

    fn new(registered: Option<&Table>, table: &Arc<PublishedTable>) -> Self {
        Self {
            id: Self::id_of(registered, table),
            source_type: registered.and_then(|row| row.source_type.clone()).unwrap_or_default(),
            query_mode: query_mode(registered, table),
            table: Arc::clone(table),
        }
    }

    pub(super) fn id_of(registered: Option<&Table>, table: &PublishedTable) -> String {
        registered.map_or(&table.name, |row| &row.id).clone()
    }

    /// For unit tests of what takes the proof; everything else goes through [`readable`].
    #[cfg(test)]
    pub fn for_test(table: PublishedTable) -> Self {
        Self::new(None, &Arc::new(table))
    }
}

/// The location of the rows decides, whatever the registry says.
fn query_mode(registered: Option<&Table>, table: &PublishedTable) -> QueryMode {
    match &table.content {
        Content::Remote(_) => QueryMode::Remote,
        _ if registered.is_some_and(Table::is_materialized) => QueryMode::Materialized,
        _ => QueryMode::Local,
    }
}

/// Why a caller does not get a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The caller has no grant on that id or name; the table may or may not exist.
    Forbidden,
    /// The caller may read it, but nothing is published under that name.
    NotPublished,
}

/// Returns every table that the caller may read, in order of lower-cased names.
pub fn readable_tables(snapshot: &Snapshot, publication: &Publication, caller: &Principal) -> Vec<ReadableTable> {
    publication.tables().filter_map(|table| proof(snapshot, publication, caller, table)).collect()
}

/// A table that the caller may read, published or not. It gives no access to rows; [`ReadableTable`] does.
#[derive(Clone, Debug)]
pub struct ListedTable {
    /// The registry id; the name if the table is not registered.
    pub id: String,
    pub name: String,
    pub registered: Option<Arc<Table>>,
    /// If it is published.
    pub published: Option<ReadableTable>,
}

/// Returns every published table that the caller may read, and every registered one that has not been published yet, in
/// order of lower-cased names. A published table decides about its name, so that this list never shows more than the
/// manifest does.
pub fn listed_tables(snapshot: &Snapshot, publication: &Publication, caller: &Principal) -> Vec<ListedTable> {
    let published = readable_tables(snapshot, publication, caller).into_iter().map(|table| ListedTable {
        registered: snapshot.registry.by_name(&table.table().name).map(Arc::clone),
        name: table.table().name.clone(),
        id: table.id.clone(),
        published: Some(table),
    });
    let unpublished = snapshot
        .registry
        .all()
        .into_iter()
        .filter(|row| publication.get(&row.name).is_none() && may_read(snapshot, caller, &row.id))
        .map(|row| ListedTable {
            id: row.id.clone(),
            name: row.name.clone(),
            registered: Some(Arc::clone(row)),
            published: None,
        });
    let mut tables: Vec<_> = published.chain(unpublished).collect();
    tables.sort_by_cached_key(|table| table.name.to_lowercase());
    tables
}

/// Returns whether the caller is granted the table with that registry id or name, whether or not there is one.
pub fn holds(snapshot: &Snapshot, caller: &Principal, id_or_name: &str) -> bool {
    let by_name = snapshot.registry.by_name(id_or_name).map(|row| row.id.as_str());
    may_read(snapshot, caller, id_or_name) || by_name.is_some_and(|id| may_read(snapshot, caller, id))
}

/// Returns the table with that name or registry id, if the caller may read it. A name takes precedence, since the manifest
/// is keyed by name.
pub fn readable(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    name_or_id: &str,
) -> Result<ReadableTable, Denied> {
    let registered = snapshot.registry.by_name(name_or_id).or_else(|| snapshot.registry.get(name_or_id));
    let table = publication.get(name_or_id).or_else(|| publication.get(&registered?.name));
    match table {
        Some(table) => proof(snapshot, publication, caller, table).ok_or(Denied::Forbidden),
        None if may_read(snapshot, caller, registered.map_or(name_or_id, |row| &row.id)) => Err(Denied::NotPublished),
        None => Err(Denied::Forbidden),
    }
}

/// Returns the table with that name, without regard to case, if the caller may read it.
pub fn readable_by_name(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    name: &str,
) -> Option<ReadableTable> {
    proof(snapshot, publication, caller, publication.get(name)?)
}

/// Decides on a published table: by the grants of its registry row or, if it has none, by its name.
pub(super) fn proof(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    table: &Arc<PublishedTable>,
) -> Option<ReadableTable> {
    let registered = snapshot.registry.by_name(&table.name).map(Arc::as_ref);
    let granted = match registered {
        Some(row) => {
            opens(row, publication, table)
                && saved::is_granted(snapshot, caller, &row.id)
                && saved::is_made_of_granted(snapshot, caller, &row.id, Some(&table.version()))
        }
        // What a saved query left behind.
        None if table.source == SourceType::SAVED_QUERIES.as_str() => false,
        // A grant on that id is meant for the row that has it, whatever its current name is.
        None => snapshot.registry.get(&table.name).is_none() && may_read(snapshot, caller, &table.name),
    };
    (granted || caller.is_admin()).then(|| ReadableTable::new(registered, table))
}

/// Returns whether a grant on a row opens the table that is published under its name: only if the source that publishes
/// it is the one of the row, so that a grant on Keboola's `orders` does not open the `orders` of another source. A row
/// without a source of its own may also stand for a table of somebody else's extract. One that this version does not
/// understand opens nothing.
pub(super) fn opens(row: &Table, publication: &Publication, table: &PublishedTable) -> bool {
    match row.mode() {
        QueryMode::Unknown(_) => false,
        _ if row.source().as_str() == table.source => true,
        _ => *row.source() == SourceType::LOCAL && publication.is_foreign(&table.source),
    }
}

/// For what is not published: the rows of the table may be of any version.
fn may_read(snapshot: &Snapshot, caller: &Principal, table_id: &str) -> bool {
    caller.is_admin()
        || saved::is_granted(snapshot, caller, table_id) && saved::is_made_of_granted(snapshot, caller, table_id, None)
}
