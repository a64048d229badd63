//! Grants on tables, one item for each table and group: the same rows as in [`super::view`].

use super::view::of_group;
use crate::base::time;
use crate::domain::Error;
use crate::domain::accounts::view::existing;
use crate::domain::groups::owner;
use crate::protocol::access::{Permission, Permissions};
use crate::protocol::vocabulary::ResourceType;
use crate::store::Snapshot;
use crate::store::grants::Grant;

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
        .filter_map(|grant| body(snapshot, grant))
        .filter(|permission| user_id.is_none() || user_id == permission.user_id.as_deref());
    sorted(permissions.collect())
}

/// Returns everything that a user may read through any group.
pub fn permissions_of_user(snapshot: &Snapshot, user_id: &str) -> Result<Permissions, Error> {
    existing(snapshot, user_id)?;
    let memberships = snapshot.members.of_user(user_id).iter();
    let grants = memberships.flat_map(|member| snapshot.grants.of_group(&member.group_id));
    Ok(sorted(grants.filter_map(|grant| body(snapshot, grant)).collect()))
}

/// Returns the permission with that id.
pub fn permission(snapshot: &Snapshot, id: &str) -> Result<Permission, Error> {
    let grant = snapshot.grants.get(id);
    grant.and_then(|grant| body(snapshot, grant)).ok_or_else(|| Error::not_found("Permission not found"))
}

fn sorted(mut permissions: Vec<Permission>) -> Permissions {
    permissions.sort_by(|a, b| (&a.group_name, &a.dataset).cmp(&(&b.group_name, &b.dataset)));
    Permissions { count: permissions.len(), permissions }
}

/// `None` for grants on anything but a table.
fn body(snapshot: &Snapshot, grant: &Grant) -> Option<Permission> {
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
