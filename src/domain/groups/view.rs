//! Groups as responses show them.

use crate::base::time;
use crate::config::GoogleGroups;
use crate::domain::Error;
use crate::protocol::access::Group as Body;
use crate::store::Snapshot;
use crate::store::groups::Group;

pub fn group(google: &GoogleGroups, snapshot: &Snapshot, group: &Group) -> Body {
    Body {
        id: group.id.clone(),
        name: group.name.clone(),
        description: group.description.clone(),
        is_system: group.is_system,
        origin: group.origin(google).into(),
        created_at: group.created_at.map(time::spaced),
        created_by: group.created_by.clone(),
        member_count: snapshot.members.of_group(&group.id).len(),
        grant_count: snapshot.grants.count(&group.id),
        is_google_managed: group.is_google_managed(google),
        mapped_email: group.mapped_email(google).map(str::to_owned),
    }
}

/// The group with that id.
pub fn current(google: &GoogleGroups, snapshot: &Snapshot, id: &str) -> Result<Body, Error> {
    let found = snapshot.groups.get(id).ok_or_else(|| Error::not_found("Group not found"))?;
    Ok(group(google, snapshot, found))
}

/// The group, unless its members are kept elsewhere.
pub fn editable<'a>(google: &GoogleGroups, snapshot: &'a Snapshot, id: &str) -> Result<&'a Group, Error> {
    let group = snapshot.groups.get(id).ok_or_else(|| Error::not_found("Group not found"))?;
    if group.is_google_managed(google) {
        return Err(Error::ManagedByGoogle);
    }
    Ok(group)
}
