//! Grants as responses show them. A permission is a grant on a table, in the shape of `/api/permissions`.

use std::collections::BTreeMap;

use super::known_type;
use crate::access::is_admin;
use crate::base::time;
use crate::domain::accounts::view::existing;
use crate::domain::groups::owner;
use crate::domain::{Error, Result};
use crate::protocol::access::{
    AccessItem, EffectiveAccess, Grant as GrantBody, Permission, Permissions, ResourceTypeInfo, ViaGroup,
};
use crate::protocol::vocabulary::ResourceType;
use crate::store::Snapshot;
use crate::store::grants::Grant;

/// Returns the grants of one group or all groups, of one resource type or all types, by group name, type and id.
pub fn grants(snapshot: &Snapshot, group_id: Option<&str>, resource_type: Option<&str>) -> Result<Vec<GrantBody>> {
    let resource_type = resource_type.map(known_type).transpose()?;
    let mut grants: Vec<GrantBody> = of_group(snapshot, group_id)
        .filter(|grant| resource_type.as_ref().is_none_or(|requested| *requested == grant.resource_type))
        .map(|grant| body(snapshot, grant))
        .collect();
    grants.sort_by(|a, b| {
        (&a.group_name, &a.resource_type, &a.resource_id).cmp(&(&b.group_name, &b.resource_type, &b.resource_id))
    });
    Ok(grants)
}

/// Returns the grant with that id.
pub fn grant(snapshot: &Snapshot, id: &str) -> Result<GrantBody> {
    let grant = snapshot.grants.get(id).ok_or_else(|| Error::not_found("Grant not found"))?;
    Ok(body(snapshot, grant))
}

fn body(snapshot: &Snapshot, grant: &Grant) -> GrantBody {
    GrantBody {
        id: grant.id.clone(),
        group_id: grant.group_id.clone(),
        group_name: snapshot.groups.get(&grant.group_id).map(|group| group.name.clone()).unwrap_or_default(),
        resource_type: grant.resource_type.to_string(),
        resource_id: grant.resource_id.clone(),
        assigned_at: grant.assigned_at.map(time::spaced),
        assigned_by: grant.assigned_by.clone(),
    }
}

/// Returns the stored grants of one group, or all of them.
fn of_group<'a>(snapshot: &'a Snapshot, group_id: Option<&str>) -> Box<dyn Iterator<Item = &'a Grant> + 'a> {
    match group_id {
        Some(id) => Box::new(snapshot.grants.of_group(id).iter().map(AsRef::as_ref)),
        None => Box::new(snapshot.grants.all().map(AsRef::as_ref)),
    }
}

/// Returns the name of what a grant is on; `None` if nothing with that id is known here.
pub fn resource_name<'a>(snapshot: &'a Snapshot, resource_type: &ResourceType, id: &'a str) -> Option<&'a str> {
    match resource_type {
        ResourceType::Table => snapshot.registry.get(id).map(|table| table.name.as_str()),
        ResourceType::SavedQuery => snapshot.saved_queries.get(id).map(|query| query.name.as_str()),
        ResourceType::MarketplacePlugin | ResourceType::MemoryDomain => Some(id),
        ResourceType::Unknown(_) => None,
    }
}

/// Returns the number of grants that a user has through this group alone.
pub fn granted_only_by(snapshot: &Snapshot, user_id: &str, group_id: &str) -> usize {
    let memberships = snapshot.members.of_user(user_id).iter();
    let others: Vec<&str> = memberships.map(|member| member.group_id.as_str()).filter(|id| *id != group_id).collect();
    let is_kept = |grant: &Grant| match grant.resource_type {
        ResourceType::Table => others.iter().any(|other| snapshot.grants.has_table(other, &grant.resource_id)),
        _ => others.iter().any(|other| snapshot.grants.on(other, &grant.resource_type, &grant.resource_id).is_some()),
    };
    snapshot.grants.of_group(group_id).iter().filter(|grant| !is_kept(grant)).count()
}

/// Returns what can be granted.
pub fn resource_types() -> Vec<ResourceTypeInfo> {
    ResourceType::KNOWN.iter().map(|key| ResourceType::from(*key).info()).collect()
}

/// Returns what a user is granted, and through which groups.
pub fn effective_access(snapshot: &Snapshot, user_id: &str) -> EffectiveAccess {
    let mut items: BTreeMap<(&str, &str), Vec<ViaGroup>> = BTreeMap::new();
    let memberships = snapshot.members.of_user(user_id).iter();
    for group in memberships.filter_map(|member| snapshot.groups.get(&member.group_id)) {
        for grant in snapshot.grants.of_group(&group.id) {
            let via = ViaGroup { group_id: group.id.clone(), group_name: group.name.clone() };
            items.entry((grant.resource_type.as_str(), &grant.resource_id)).or_default().push(via);
        }
    }
    let items = items.into_iter().map(|((resource_type, resource_id), mut via_groups)| {
        via_groups.sort_by(|a, b| a.group_name.cmp(&b.group_name));
        AccessItem { resource_type: resource_type.into(), resource_id: resource_id.into(), via_groups }
    });
    EffectiveAccess { is_admin: is_admin(snapshot, user_id), items: items.collect() }
}

/// Returns the permissions by group name and dataset: those of one group, on one dataset, of the personal group of one
/// user, or all.
pub fn permissions(
    snapshot: &Snapshot,
    group_id: Option<&str>,
    dataset: Option<&str>,
    user_id: Option<&str>,
) -> Permissions {
    let permissions = of_group(snapshot, group_id)
        .filter(|grant| dataset.is_none_or(|dataset| dataset == grant.resource_id))
        .filter_map(|grant| permission_body(snapshot, grant))
        .filter(|permission| user_id.is_none() || user_id == permission.user_id.as_deref());
    sorted(permissions.collect())
}

/// Returns everything that a user may read through any group.
pub fn permissions_of_user(snapshot: &Snapshot, user_id: &str) -> Result<Permissions> {
    existing(snapshot, user_id)?;
    let memberships = snapshot.members.of_user(user_id).iter();
    let grants = memberships.flat_map(|member| snapshot.grants.of_group(&member.group_id));
    Ok(sorted(grants.filter_map(|grant| permission_body(snapshot, grant)).collect()))
}

/// Returns the permission with that id.
pub fn permission(snapshot: &Snapshot, id: &str) -> Result<Permission> {
    let grant = snapshot.grants.get(id);
    grant.and_then(|grant| permission_body(snapshot, grant)).ok_or_else(|| Error::not_found("Permission not found"))
}

fn sorted(mut permissions: Vec<Permission>) -> Permissions {
    permissions.sort_by(|a, b| (&a.group_name, &a.dataset).cmp(&(&b.group_name, &b.dataset)));
    Permissions { count: permissions.len(), permissions }
}

/// `None` for grants on anything but a table.
fn permission_body(snapshot: &Snapshot, grant: &Grant) -> Option<Permission> {
    let group = snapshot.groups.get(&grant.group_id);
    (grant.resource_type == ResourceType::Table).then(|| Permission {
        id: grant.id.clone(),
        group_id: grant.group_id.clone(),
        user_id: group.and_then(|group| owner(snapshot, group)).map(|user| user.id.clone()),
        group_name: group.map(|group| group.name.clone()).unwrap_or_default(),
        dataset: grant.resource_id.clone(),
        access: "read".into(),
        assigned_at: grant.assigned_at.map(time::spaced),
        assigned_by: grant.assigned_by.clone(),
    })
}
