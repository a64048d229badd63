//! Saved queries and their tables: who may use the one, and read the other.

use super::Principal;
use crate::protocol::vocabulary::SourceType;
use crate::store::Snapshot;
use crate::store::lineage::{Ancestor, Lineage};
use crate::store::saved_queries::Entry;

/// Returns whether the caller may use a saved query: it is theirs, it is shared with a group of theirs, or they are an
/// admin.
pub fn may_use(snapshot: &Snapshot, caller: &Principal, query: &Entry) -> bool {
    let person = &caller.user().id;
    caller.is_admin()
        || query.owner_id == *person
        || in_a_group(snapshot, caller, |group| snapshot.grants.has_saved_query(group, &query.id))
}

/// Returns whether the caller is granted the table with that registry id, whatever its rows were made of. What grants are
/// for other tables, sharing the query is for the table of a saved query; grants on it count for nothing.
pub(super) fn is_granted(snapshot: &Snapshot, caller: &Principal, table_id: &str) -> bool {
    match is_of_saved_query(snapshot, table_id) {
        true => snapshot.saved_queries.of_table(table_id).is_some_and(|query| may_use(snapshot, caller, query)),
        false => caller.is_admin() || in_a_group(snapshot, caller, |group| snapshot.grants.has_table(group, table_id)),
    }
}

/// Returns whether the caller is granted everything that this version of a table was made of, or, without a version, the
/// newest one. Of a version whose origin is not known, nobody is.
pub(super) fn is_made_of_granted(
    snapshot: &Snapshot,
    caller: &Principal,
    table_id: &str,
    version: Option<&str>,
) -> bool {
    if !is_of_saved_query(snapshot, table_id) {
        return true;
    }
    let Some(query) = snapshot.saved_queries.of_table(table_id) else { return false };
    let readable = |lineage: &Lineage| lineage.iter().all(|ancestor| may_read_ancestor(snapshot, caller, ancestor));
    match version {
        Some(version) => snapshot.versions.lineage(&query.id, version).is_some_and(readable),
        None => snapshot.versions.newest(&query.id).is_none_or(readable),
    }
}

/// By the grants of today, on the table that it was: one that was registered anew under the same id is another table.
fn may_read_ancestor(snapshot: &Snapshot, caller: &Principal, ancestor: &Ancestor) -> bool {
    let Ancestor { id, name, is_registered, registered_at } = ancestor;
    let registry = &snapshot.registry;
    if *is_registered {
        let row = registry.get(id);
        let is_same = row.is_some_and(|row| row.registered_at.map(|at| at.as_microsecond()) == *registered_at);
        return is_same && is_granted(snapshot, caller, id);
    }
    match registry.by_name(name) {
        Some(row) => is_granted(snapshot, caller, &row.id),
        // A grant on that id is meant for the row that has it.
        None => registry.get(name).is_none() && is_granted(snapshot, caller, name),
    }
}

fn is_of_saved_query(snapshot: &Snapshot, table_id: &str) -> bool {
    snapshot.registry.get(table_id).is_some_and(|row| *row.source() == SourceType::SAVED_QUERIES)
}

fn in_a_group(snapshot: &Snapshot, caller: &Principal, is_meant: impl Fn(&str) -> bool) -> bool {
    snapshot.members.of_user(&caller.user().id).iter().any(|member| is_meant(&member.group_id))
}
