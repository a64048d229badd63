use serde_json::json;

use crate::access::Admin;
use crate::domain::Error;
use crate::store::audit::Action;
use crate::store::groups::{Group, personal};
use crate::store::users::User;
use crate::store::{Change, Snapshot, audit};

/// Returns the user whose personal group this is, if it is a personal group.
pub(in crate::domain) fn owner<'a>(snapshot: &'a Snapshot, group: &Group) -> Option<&'a User> {
    snapshot.users.get(personal::owner_by_name(&group.name)?).map(AsRef::as_ref)
}

/// Returns the id of a user's personal group, and creates it if there is none.
pub(in crate::domain) fn ensure_personal_group(
    change: &Change<'_>,
    admin: &Admin,
    user_id: &str,
) -> Result<String, Error> {
    let (id, is_new) = personal::ensure(change, user_id, &admin.user().email)?;
    if is_new {
        let details = json!({ "name": format!("{}{user_id}", personal::PREFIX) });
        audit::record(change, &admin.actor(), Action::UserGroupCreated, &format!("group:{id}"), details)?;
    }
    Ok(id)
}
