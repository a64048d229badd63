use serde_json::json;

use super::view;
use crate::access::Admin;
use crate::config::GoogleGroups;
use crate::domain::Error;
use crate::store::audit::Action;
use crate::store::{Store, audit, groups};

/// Removes a group with its members and grants.
pub async fn delete_group(store: &Store, admin: &Admin, google: &GoogleGroups, id: &str) -> Result<(), Error> {
    let (actor, google, id) = (admin.actor(), google.clone(), id.to_owned());
    store
        .write(move |change| {
            let group = view::editable(&google, change.snapshot(), &id)?;
            if group.is_system {
                return Err(Error::conflict("Cannot delete a system group"));
            }
            groups::delete(change, &id)?;
            let details = json!({ "name": group.name });
            Ok(audit::record(change, &actor, Action::UserGroupDeleted, &format!("group:{id}"), details)?)
        })
        .await
}
