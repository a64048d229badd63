use serde_json::json;

use super::Recipient;
use crate::access::Admin;
use crate::domain::Error;
use crate::protocol::vocabulary::ResourceType;
use crate::store::audit::Action;
use crate::store::grants::{self, Grant};
use crate::store::groups::personal;
use crate::store::{Store, Transaction, audit};

/// Withdraws a grant. It no longer applies from the next request of each member.
pub async fn revoke_grant(store: &Store, admin: &Admin, id: &str) -> Result<(), Error> {
    let (admin, id) = (admin.clone(), id.to_owned());
    store
        .write(move |change| {
            let grant = change.snapshot().grants.get(&id);
            revoke(change, &admin, grant.ok_or_else(|| Error::not_found("Grant not found"))?)
        })
        .await
}

/// As [`revoke_grant`], for grants on tables only.
pub async fn revoke_table_grant(store: &Store, admin: &Admin, id: &str) -> Result<(), Error> {
    let (admin, id) = (admin.clone(), id.to_owned());
    store
        .write(move |change| {
            let grant = change.snapshot().grants.get(&id);
            let grant = grant.filter(|grant| grant.resource_type == ResourceType::Table);
            revoke(change, &admin, grant.ok_or_else(permission_not_found)?)
        })
        .await
}

/// Withdraws the grant on a table from the group or user that it was granted to.
pub async fn revoke_table(store: &Store, admin: &Admin, recipient: Recipient, table_id: &str) -> Result<(), Error> {
    let (admin, table_id) = (admin.clone(), table_id.to_owned());
    store
        .write(move |change| {
            let group_id = match recipient {
                Recipient::Group(id) => Some(id),
                Recipient::User(id) => personal::find(change, &id)?,
            };
            let grant = group_id.and_then(|id| change.snapshot().grants.on_table(&id, &table_id));
            revoke(change, &admin, grant.ok_or_else(permission_not_found)?)
        })
        .await
}

fn revoke(change: &Transaction<'_>, admin: &Admin, grant: &Grant) -> Result<(), Error> {
    let Grant { id, group_id, resource_type, resource_id, .. } = grant;
    grants::delete(change, id)?;
    let details = json!({ "group_id": group_id, "resource_type": resource_type, "resource_id": resource_id });
    Ok(audit::record(change, &admin.actor(), Action::ResourceGrantDeleted, &format!("grant:{id}"), details)?)
}

fn permission_not_found() -> Error {
    Error::not_found("Permission not found")
}
