//! What one person may read and use, and why.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::view::resource_name;
use crate::access::{Principal, is_admin, listed_tables};
use crate::domain::Result;
use crate::domain::accounts::view::existing;
use crate::domain::groups::view::{existing as existing_group, label};
use crate::extract::Publication;
use crate::protocol::access::ViaGroup;
use crate::protocol::vocabulary::{ResourceType, SourceType};
use crate::store::Snapshot;

/// Something that a person may use, or is granted in vain.
#[derive(Clone, Debug)]
pub struct Reached {
    pub resource_type: ResourceType,
    pub id: String,
    pub name: String,
    /// The groups that give it, by name.
    pub via_groups: Vec<ViaGroup>,
    /// What the groups do not say: another reason, or why it is of no use.
    pub note: Option<String>,
    /// Whether it can be used now.
    pub is_open: bool,
}

type Key = (ResourceType, String);

/// Returns what a user may use, with every reason, and the grants that open nothing. Whether a table can be read is
/// decided by the code that decides about requests.
pub fn reach(snapshot: &Snapshot, publication: &Publication, user_id: &str) -> Result<Vec<Reached>> {
    existing(snapshot, user_id)?;
    let mut reached: BTreeMap<Key, Reached> = BTreeMap::new();
    let memberships = snapshot.members.of_user(user_id).iter();
    let groups: Vec<_> = memberships.filter_map(|member| snapshot.groups.get(&member.group_id)).collect();
    for group in &groups {
        let via = ViaGroup { group_id: group.id.clone(), group_name: label(snapshot, group) };
        for grant in snapshot.grants.of_group(&group.id) {
            let item = entry(&mut reached, snapshot, &grant.resource_type, &grant.resource_id);
            item.via_groups.push(via.clone());
        }
    }
    // Of somebody who is deactivated, nothing is open.
    if let Ok(caller) = Principal::absent(snapshot, user_id) {
        let admins = snapshot.groups.admin_id().filter(|_| is_admin(snapshot, user_id));
        let admins = admins.and_then(|id| snapshot.groups.get(id));
        for table in listed_tables(snapshot, publication, &caller) {
            let item = entry(&mut reached, snapshot, &ResourceType::Table, &table.id);
            item.is_open = true;
            item.name = table.name;
            if let Some(group) = admins.filter(|group| item.via_groups.iter().all(|via| via.group_id != group.id)) {
                item.via_groups.push(ViaGroup { group_id: group.id.clone(), group_name: group.name.clone() });
            }
            if let Some(query) = snapshot.saved_queries.of_table(&table.id) {
                // Grants on such a table count for nothing.
                item.via_groups.retain(|via| admins.is_some_and(|group| group.id == via.group_id));
                let sharing = groups.iter().filter(|group| snapshot.grants.has_saved_query(&group.id, &query.id));
                item.via_groups.extend(
                    sharing.map(|group| ViaGroup { group_id: group.id.clone(), group_name: label(snapshot, group) }),
                );
                let reason = if query.owner_id == user_id { "Owns" } else { "Result of" };
                item.note = Some(format!("{reason} the saved query “{}”", query.name));
            }
        }
        for item in reached.values_mut().filter(|item| item.resource_type != ResourceType::Table) {
            item.is_open = item.note.is_none();
        }
    }
    let mut reached: Vec<Reached> = reached.into_values().collect();
    for item in &mut reached {
        item.via_groups.sort_by(|a, b| a.group_name.cmp(&b.group_name));
        if item.is_open && item.resource_type == ResourceType::Table && snapshot.registry.get(&item.id).is_none() {
            item.note = Some("Not registered".into());
        } else if !item.is_open && item.note.is_none() && item.resource_type == ResourceType::Table {
            item.note = closed(snapshot, &item.id);
        }
    }
    Ok(reached)
}

/// What is open to a user after joining a group, and is not now.
pub fn gains(snapshot: &Snapshot, publication: &Publication, user_id: &str, group_id: &str) -> Result<Vec<Reached>> {
    existing_group(snapshot, group_id)?;
    let now = reach(snapshot, publication, user_id)?.into_iter().filter(|item| item.is_open);
    let now: HashSet<Key> = now.map(|item| (item.resource_type, item.id)).collect();
    let members = Arc::new(snapshot.members.with(user_id, group_id));
    let mut joined = reach(&Snapshot { members, ..snapshot.clone() }, publication, user_id)?;
    joined.retain(|item| item.is_open && !now.contains(&(item.resource_type.clone(), item.id.clone())));
    Ok(joined)
}

fn entry<'a>(
    reached: &'a mut BTreeMap<Key, Reached>,
    snapshot: &Snapshot,
    resource_type: &ResourceType,
    id: &str,
) -> &'a mut Reached {
    reached.entry((resource_type.clone(), id.to_owned())).or_insert_with(|| {
        let name = resource_name(snapshot, resource_type, id);
        let is_unknown = name.is_none() && *resource_type != ResourceType::Table;
        Reached {
            resource_type: resource_type.clone(),
            id: id.to_owned(),
            name: name.unwrap_or(id).to_owned(),
            via_groups: Vec::new(),
            note: is_unknown.then(|| "Nothing has this id now".into()),
            is_open: false,
        }
    })
}

/// Why a grant on a table opens nothing to somebody who is active.
fn closed(snapshot: &Snapshot, id: &str) -> Option<String> {
    let text = match snapshot.registry.get(id) {
        None => "No table has this id now",
        Some(row) if *row.source() == SourceType::SAVED_QUERIES => "Read by those the saved query is shared with",
        Some(_) => "Another source publishes a table of this name",
    };
    Some(text.into())
}
