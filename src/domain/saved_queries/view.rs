//! Saved queries as responses show them.

use super::rules::{self, not_found, usable};
use crate::access::{Principal, may_use};
use crate::base::time;
use crate::domain::Result;
use crate::extract::Publication;
use crate::protocol::saved_queries::{LineageTable, SavedQueries, SavedQuery as Body, SavedQueryRun, SharedWith};
use crate::store::saved_queries::{self, SavedQuery};
use crate::store::{Snapshot, Store};

/// Returns the queries that are the caller's own or shared with them, by name; to admins all.
pub async fn list_saved_queries(store: &Store, publication: &Publication, caller: &Principal) -> Result<SavedQueries> {
    let snapshot = store.snapshot();
    let usable = snapshot.saved_queries.all().filter(|query| may_use(&snapshot, caller, query));
    let ids: Vec<String> = usable.map(|query| query.id.clone()).collect();
    let stored = store.read(move |reader| saved_queries::list(reader, &ids)).await?;
    let queries: Vec<_> = stored.into_iter().map(|query| body(&snapshot, publication, caller, query)).collect();
    Ok(SavedQueries { count: queries.len(), queries })
}

/// Returns one query that the caller may use.
pub async fn get_saved_query(store: &Store, publication: &Publication, caller: &Principal, id: &str) -> Result<Body> {
    let snapshot = store.snapshot();
    let id = usable(&snapshot, caller, id)?.id.clone();
    let stored = store.read(move |reader| saved_queries::get(reader, &id)).await?;
    Ok(body(&snapshot, publication, caller, stored.ok_or_else(not_found)?))
}

fn body(snapshot: &Snapshot, publication: &Publication, caller: &Principal, query: SavedQuery) -> Body {
    let can_manage = rules::may_manage(caller, &query.owner_id);
    let table = query.table_id.as_ref().and_then(|id| snapshot.registry.get(id)).map(|row| row.name.clone());
    let lineage = lineage(snapshot, publication, &query.id, table.as_deref());
    let last_run = last_run(&query, can_manage);
    Body {
        groups: groups(snapshot, caller, &query.id, can_manage),
        owner: snapshot.users.get(&query.owner_id).map(|user| user.email.clone()),
        id: query.id,
        name: query.name,
        description: query.description,
        sql: query.sql,
        is_own: query.owner_id == caller.user().id,
        owner_id: query.owner_id,
        can_manage,
        schedule: query.schedule,
        table,
        lineage,
        created_at: time::iso_naive(query.created_at),
        updated_at: time::iso_naive(query.updated_at),
        last_run,
    }
}

/// An error may quote values, and tell of tables that not everybody may read.
fn last_run(query: &SavedQuery, can_manage: bool) -> Option<SavedQueryRun> {
    Some(SavedQueryRun {
        at: time::iso_naive(query.ran_at?),
        status: query.status.clone()?,
        error: query.error.clone().filter(|_| can_manage),
        rows: query.rows.filter(|_| can_manage),
        duration_ms: query.duration_ms.unwrap_or_default(),
    })
}

fn groups(snapshot: &Snapshot, caller: &Principal, query_id: &str, can_manage: bool) -> Vec<SharedWith> {
    let is_shared = |group: &str| snapshot.grants.has_saved_query(group, query_id);
    let is_in = |group: &str| snapshot.members.of_user(&caller.user().id).iter().any(|member| member.group_id == group);
    let groups = snapshot.groups.all().into_iter();
    let shown = groups.filter(|group| is_shared(&group.id) && (can_manage || is_in(&group.id)));
    shown.map(|group| SharedWith { id: group.id.clone(), name: group.name.clone() }).collect()
}

/// What the published rows were made of.
fn lineage(snapshot: &Snapshot, publication: &Publication, query_id: &str, table: Option<&str>) -> Vec<LineageTable> {
    let published = table.and_then(|table| publication.get(table));
    let lineage = published.and_then(|published| snapshot.versions.lineage(query_id, &published.version()));
    let tables = lineage.into_iter().flat_map(|lineage| lineage.iter());
    tables.map(|table| LineageTable { id: table.id.clone(), name: table.name.clone() }).collect()
}
