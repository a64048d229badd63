//! Tables that share a key, as their columns are named: a column of one is the primary key of the other.

use crate::access::{Principal, ReadableTable, readable_tables};
use crate::extract::Publication;
use crate::store::Snapshot;

/// A table that a caller may read, and that can be joined with another one.
#[derive(Debug, PartialEq)]
pub struct Related {
    pub id: String,
    pub name: String,
    /// The column of both tables.
    pub column: String,
    /// Whether the column is the key of that table, i.e. several rows of this one can belong to one of that one.
    pub is_parent: bool,
}

/// Finds the tables that share a key with `table`, in order of names. Only keys of one column count.
pub fn related(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    table: &ReadableTable,
) -> Vec<Related> {
    let own_key = key(snapshot, table);
    let others = readable_tables(snapshot, publication, caller).into_iter().filter(|other| other.id() != table.id());
    let found = others.filter_map(|other| {
        let found = |column: &str, is_parent| Related {
            id: other.id().to_owned(),
            name: other.table().name.clone(),
            column: column.to_owned(),
            is_parent,
        };
        let parent = key(snapshot, &other).filter(|key| has(table, key)).map(|key| found(&key, true));
        parent.or_else(|| own_key.as_ref().filter(|key| has(&other, key)).map(|key| found(key, false)))
    });
    found.collect()
}

fn key(snapshot: &Snapshot, table: &ReadableTable) -> Option<String> {
    match snapshot.registry.get(table.id())?.primary_key.as_slice() {
        [column] => Some(column.clone()),
        _ => None,
    }
}

fn has(table: &ReadableTable, column: &str) -> bool {
    table.table().columns.iter().any(|own| own.name.eq_ignore_ascii_case(column))
}
