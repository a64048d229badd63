use serde_json::json;

use super::view;
use crate::access::Admin;
use crate::config::GoogleGroups;
use crate::domain::groups::{self, ensure_personal_group};
use crate::domain::{Error, grants, rules};
use crate::protocol::access::{AccessRequest, Review};
use crate::protocol::vocabulary::ResourceType;
use crate::store::access_requests::{APPROVED, DENIED, decide};
use crate::store::audit::Action;
use crate::store::{ADMIN_GROUP, Store, Transaction, audit, members};

/// Maximum length of notes, in characters.
const MAX_NOTE_CHARS: usize = 2000;

/// Grants the requested table: to a group, which the requester is added to, or to the requester alone.
pub async fn approve_access_request(
    store: &Store,
    admin: &Admin,
    google: &GoogleGroups,
    id: &str,
    review: Review,
) -> Result<AccessRequest, Error> {
    let Review { group_id, note } = checked(review)?;
    let (admin, google, id) = (admin.clone(), google.clone(), id.to_owned());
    let approved = store.write(move |change| {
        let request = decide(change, &id, APPROVED, &admin.user().email, note.as_deref())?;
        if request.resource_type != ResourceType::Table {
            let text = format!("Access to a resource of type '{}' cannot be granted here", request.resource_type);
            return Err(Error::conflict(text));
        }
        let group_id = match group_id {
            Some(group_id) => {
                ensure_member(change, &admin, &google, &request.user_id, &group_id)?;
                group_id
            }
            None => ensure_personal_group(change, &admin, &request.user_id)?,
        };
        // Users request a table by name or id; grants are made by id.
        let registry = &change.snapshot().registry;
        let registered = registry.get(&request.table_id).or_else(|| registry.by_name(&request.table_id));
        let table_id = registered.map_or(&request.table_id, |table| &table.id);
        let grant_id = match change.snapshot().grants.on_table(&group_id, table_id) {
            Some(grant) => grant.id.clone(),
            None => grants::grant(change, &admin, &group_id, &ResourceType::Table, table_id)?,
        };
        let details = json!({ "table_id": table_id, "group_id": group_id, "grant_id": grant_id });
        let resource = format!("access_request:{id}");
        audit::record(change, &admin.actor(), Action::AccessRequestApproved, &resource, details)?;
        Ok((request, grant_id))
    });
    let (request, grant_id) = approved.await?;
    Ok(view::access_request(request, Some(grant_id)))
}

/// Adds the requester to the group, unless already in it.
fn ensure_member(
    change: &Transaction<'_>,
    admin: &Admin,
    google: &GoogleGroups,
    user_id: &str,
    group_id: &str,
) -> Result<(), Error> {
    let group = groups::view::existing(change.snapshot(), group_id)?;
    if members::contains(change, user_id, group_id)? {
        return Ok(());
    }
    if group.name == ADMIN_GROUP {
        let text = "Approving this for the Admin group would make the requester an admin; choose another group";
        return Err(Error::conflict(text));
    }
    groups::join(change, admin, user_id, groups::view::editable(google, change.snapshot(), group_id)?)
}

/// Denies a request.
pub async fn deny_access_request(
    store: &Store,
    admin: &Admin,
    id: &str,
    review: Review,
) -> Result<AccessRequest, Error> {
    let Review { note, .. } = checked(review)?;
    let (admin, id) = (admin.clone(), id.to_owned());
    let denied = store.write(move |change| -> Result<_, Error> {
        let request = decide(change, &id, DENIED, &admin.user().email, note.as_deref())?;
        let (resource, details) = (format!("access_request:{id}"), json!({ "table_id": request.table_id }));
        audit::record(change, &admin.actor(), Action::AccessRequestDenied, &resource, details)?;
        Ok(request)
    });
    Ok(view::access_request(denied.await?, None))
}

fn checked(review: Review) -> Result<Review, Error> {
    rules::limit("note", review.note.as_deref().unwrap_or_default(), MAX_NOTE_CHARS)?;
    Ok(review)
}
