//! Grants as responses show them.

use std::collections::BTreeMap;

use super::create::known_type;
use crate::access::is_admin;
use crate::base::time;
use crate::domain::Error;
use crate::protocol::access::{AccessItem, EffectiveAccess, Grant as GrantBody, ResourceTypeInfo, ViaGroup};
use crate::protocol::vocabulary::ResourceType;
use crate::store::Snapshot;
use crate::store::grants::Grant;

/// Returns the grants of one group or all groups, of one resource type or all types, by group name, type and id.
pub fn grants(
    snapshot: &Snapshot,
    group_id: Option<&str>,
    resource_type: Option<&str>,
) -> Result<Vec<GrantBody>, Error> {
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
pub fn grant(snapshot: &Snapshot, id: &str) -> Result<GrantBody, Error> {
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
pub(super) fn of_group<'a>(snapshot: &'a Snapshot, group_id: Option<&str>) -> Box<dyn Iterator<Item = &'a Grant> + 'a> {
    match group_id {
        Some(id) => Box::new(snapshot.grants.of_group(id).iter().map(AsRef::as_ref)),
        None => Box::new(snapshot.grants.all().map(AsRef::as_ref)),
    }
}

/// Returns what can be granted.
pub fn resource_types() -> Vec<ResourceTypeInfo> {
    let info = |key: &&str| {
        let known = ResourceType::from(*key);
        ResourceTypeInfo {
            key: (*key).into(),
            display_name: known.display_name().into(),
            description: known.description().into(),
            id_format: known.id_format().into(),
        }
    };
    ResourceType::KNOWN.iter().map(info).collect()
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
