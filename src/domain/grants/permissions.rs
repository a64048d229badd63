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

/// Which permissions to list.
#[derive(Debug, Default)]
pub struct PermissionFilter {
    /// Only what is granted to this user's personal group.
    pub user_id: Option<String>,
    pub group_id: Option<String>,
    pub dataset: Option<String>,
}

/// Returns the permissions that match a filter, by group name and dataset.
pub fn permissions(snapshot: &Snapshot, filter: &PermissionFilter) -> Permissions {
    let permissions = of_group(snapshot, filter.group_id.as_deref())
        .filter(|grant| filter.dataset.as_ref().is_none_or(|dataset| *dataset == grant.resource_id))
        .filter_map(|grant| body(snapshot, grant))
        .filter(|it| filter.user_id.is_none() || filter.user_id == it.user_id);
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
