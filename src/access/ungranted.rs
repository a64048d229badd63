//! Tables that a caller may not read, for instances that show their names.

use std::sync::Arc;

use super::readable::{opens, proof};
use super::{Principal, ReadableTable};
use crate::extract::{Publication, PublishedTable};
use crate::protocol::vocabulary::SourceType;
use crate::store::Snapshot;

/// What may be known of a published table without a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UngrantedTable {
    /// The registry id; the name if the table is not registered.
    pub id: String,
    pub name: String,
    pub description: Option<String>,
}

/// Returns every published table that the caller may not read and a grant would open, in order of lower-cased names. Tables
/// of saved queries belong to people, who share them themselves.
pub fn ungranted_tables(snapshot: &Snapshot, publication: &Publication, caller: &Principal) -> Vec<UngrantedTable> {
    let is_ungranted = |table: &&Arc<PublishedTable>| {
        may_be_granted(snapshot, publication, table) && proof(snapshot, publication, caller, table).is_none()
    };
    publication.tables().filter(is_ungranted).map(|table| shown(snapshot, table)).collect()
}

fn may_be_granted(snapshot: &Snapshot, publication: &Publication, table: &PublishedTable) -> bool {
    let is_saved = table.source == SourceType::SAVED_QUERIES.as_str();
    match snapshot.registry.by_name(&table.name) {
        Some(row) => !is_saved && *row.source() != SourceType::SAVED_QUERIES && opens(row, publication, table),
        None => !is_saved && snapshot.registry.get(&table.name).is_none(),
    }
}

fn shown(snapshot: &Snapshot, table: &Arc<PublishedTable>) -> UngrantedTable {
    let registered = snapshot.registry.by_name(&table.name).map(Arc::as_ref);
    let texts = [registered.and_then(|row| row.description.as_ref()), table.description.as_ref()];
    UngrantedTable {
        id: ReadableTable::id_of(registered, table),
        name: table.name.clone(),
        description: texts.into_iter().flatten().find(|text| !text.is_empty()).cloned(),
    }
}
