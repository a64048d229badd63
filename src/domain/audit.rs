use serde_json::Value;

use crate::access::Admin;
use crate::base::time;
use crate::domain::Result;
use crate::protocol::audit::{AuditCheck, AuditEntry, AuditHead, AuditPage};
use crate::store::audit::{self, Action, Actor, Checked, Entry, Filter, Position};
use crate::store::{Snapshot, Store, StoreError};

/// Most entries on one page.
pub const MAX_ENTRIES: usize = 500;

/// Which entries to return.
#[derive(Debug, Default)]
pub struct Search {
    /// Without its `user`, which follows from `email`.
    pub filter: Filter,
    /// The address of a user, or one that a failed sign-in used.
    pub email: Option<String>,
    /// The position of the last entry of the previous page.
    pub after: Option<Position>,
    /// 1 to [`MAX_ENTRIES`].
    pub limit: usize,
}

/// Returns one page of the audit log, newest entry first.
pub async fn search_audit_log(store: &Store, _: &Admin, search: Search) -> Result<AuditPage> {
    let limit = search.limit.clamp(1, MAX_ENTRIES);
    let snapshot = store.snapshot();
    let user = search.email.map(|email| {
        let id = snapshot.users.by_email(&email).map(|user| user.id.clone());
        (email, id)
    });
    let filter = Filter { user, ..search.filter };
    // One more than requested shows whether there is another page.
    let mut found =
        store.read(move |connection| audit::search(connection, &filter, search.after.as_ref(), limit + 1)).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|last| Position::of(last).to_string());
    let entries: Vec<_> = found.into_iter().map(|entry| body(&snapshot, entry)).collect();
    Ok(AuditPage { count: entries.len(), entries, next })
}

fn body(snapshot: &Snapshot, entry: Entry) -> AuditEntry {
    // Some rows of v0.35 name the user by address.
    let user = entry.user_id.as_ref().and_then(|id| snapshot.users.get(id).or_else(|| snapshot.users.by_email(id)));
    AuditEntry {
        user_email: user.map(|user| user.email.clone()),
        timestamp: time::spaced(entry.at),
        params: entry.params.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        id: entry.id,
        seq: entry.seq,
        user_id: entry.user_id,
        action: entry.action,
        resource: entry.resource,
        result: entry.result,
        duration_ms: entry.duration_ms,
        hash: entry.hash,
    }
}

/// Rows that one read checks, so that other reads get their turn.
const ROWS_PER_READ: usize = 5_000;

/// Checks that no row of the audit log was changed, removed, added or moved, and that the log still contains `head`, the
/// hash that an earlier check returned.
pub async fn verify_audit_log(store: &Store, head: Option<&str>) -> Result<AuditCheck, StoreError> {
    let mut checked = Checked::default();
    while !checked.done {
        let previous = checked;
        checked = store.read(move |connection| audit::checked(connection, previous, ROWS_PER_READ)).await?;
    }
    let head = head.map(|hash| hash.trim().to_ascii_lowercase()).filter(|hash| !hash.is_empty());
    if let Some(hash) = head
        && checked.broken.is_none()
        && !store.read(move |connection| audit::holds(connection, &hash)).await?
    {
        let reason = "the given head is not in the log: rows were removed at its end, or the log was replaced";
        checked.broken = Some(reason.into());
    }
    let head = AuditHead { seq: checked.seq, hash: checked.hash };
    Ok(AuditCheck { ok: checked.broken.is_none(), rows: checked.seq, head, broken: checked.broken })
}

/// Records that `actor` was refused a request. `resource` is its method and path.
pub async fn record_refusal(store: &Store, actor: Actor, resource: String, reason: String) -> Result<(), StoreError> {
    let action = Action::AccessDenied;
    store.write(move |change| audit::record_result(change, &actor, action, &resource, Value::Null, &reason)).await
}
