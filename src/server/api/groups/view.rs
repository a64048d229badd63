use crate::base::time;
use crate::config::GoogleGroups;
use crate::protocol::access::Group as Body;
use crate::server::ApiError;
use crate::store::Snapshot;
use crate::store::groups::Group;

/// Longest texts, in characters.
pub const LONGEST_NAME: usize = 200;
pub const LONGEST_DESCRIPTION: usize = 2000;

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

/// The group, unless its members are kept elsewhere.
pub fn editable<'a>(google: &GoogleGroups, snapshot: &'a Snapshot, id: &str) -> Result<&'a Group, ApiError> {
    let group = snapshot.groups.get(id).ok_or_else(|| ApiError::not_found("Group not found"))?;
    if group.is_google_managed(google) {
        return Err(ApiError::conflict(serde_json::json!({
            "code": "google_managed_readonly",
            "message": "This group is managed by Google Workspace and is read-only here. Add or remove members via \
                        admin.google.com, or sign in again to refresh.",
        })));
    }
    Ok(group)
}
