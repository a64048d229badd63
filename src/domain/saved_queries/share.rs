//! With whom a query is shared.

use serde_json::json;

use super::edit::record;
use super::rules::manageable;
use crate::access::Principal;
use crate::domain::{Error, Result, write_as};
use crate::protocol::vocabulary::ResourceType;
use crate::store::audit::Action;
use crate::store::groups::{Group, personal};
use crate::store::{Snapshot, Store, grants};

/// Shares a query with a group, by its id or name. Its owner shares it with groups that they are in, admins with any.
pub async fn share_query(store: &Store, caller: &Principal, id: &str, group: &str) -> Result<()> {
    let (caller, id, group) = (caller.clone(), id.to_owned(), group.to_owned());
    let written = write_as(store, caller.clone(), move |change| {
        let snapshot = change.snapshot();
        manageable(snapshot, &caller, &id)?;
        let group = find(snapshot, &caller, &group)?;
        if snapshot.grants.has_saved_query(&group.id, &id) {
            return Ok(());
        }
        grants::insert(change, &group.id, &ResourceType::SavedQuery, &id, &caller.user().email)?;
        record(change, &caller, Action::SavedQueryShare, &id, json!({ "group_id": group.id, "group": group.name }))
    });
    written.await
}

/// Takes a query back from a group, by its id or name.
pub async fn unshare_query(store: &Store, caller: &Principal, id: &str, group: &str) -> Result<()> {
    let (caller, id, group) = (caller.clone(), id.to_owned(), group.to_owned());
    let written = write_as(store, caller.clone(), move |change| {
        let snapshot = change.snapshot();
        manageable(snapshot, &caller, &id)?;
        // Also from a group that the owner has left.
        let mut groups = snapshot.groups.all().into_iter().filter(|it| it.id == group || it.name == group);
        let shared = groups.find_map(|group| snapshot.grants.on(&group.id, &ResourceType::SavedQuery, &id));
        let grant = shared.ok_or_else(|| Error::not_found("The query is not shared with this group"))?;
        grants::delete(change, &grant.id)?;
        record(change, &caller, Action::SavedQueryUnshare, &id, json!({ "group_id": grant.group_id }))
    });
    written.await
}

/// Groups that the caller is not in do not exist for them.
fn find<'a>(snapshot: &'a Snapshot, caller: &Principal, group: &str) -> Result<&'a Group> {
    let is_in = |id: &str| snapshot.members.of_user(&caller.user().id).iter().any(|member| member.group_id == id);
    let all = snapshot.groups.all();
    let by_name = || all.iter().find(|it| it.name == group).copied();
    let found = snapshot.groups.get(group).or_else(by_name);
    match found.filter(|group| caller.may_administer() || is_in(&group.id)) {
        Some(group) if personal::owner_by_name(&group.name).is_none() => Ok(group),
        _ if caller.may_administer() => Err(Error::not_found("Group not found")),
        _ => Err(Error::not_found("Group not found: share with a group that you are in")),
    }
}
