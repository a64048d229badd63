//! Requests for access to tables.

use serde_json::json;

use crate::access::{Admin, Principal, holds};
use crate::base::time;
use crate::domain::groups::{self, ensure_personal_group};
use crate::domain::{Error, Result, grants, rules, write_as};
use crate::protocol::access::{AccessRequest, AccessRequests, Review};
use crate::protocol::vocabulary::ResourceType;
use crate::store::access_requests::{self, APPROVED, AccessRequestFilter, DENIED, PENDING, decide};
use crate::store::audit::{self, Action};
use crate::store::{ADMIN_GROUP, Store, Transaction, members};

/// Maximum lengths, in characters.
const MAX_TABLE_CHARS: usize = 500;
const MAX_REASON_CHARS: usize = 2000;

/// Requests access to a table, by its name or registry id. The outcome does not reveal whether there is such a table.
pub async fn create_access_request(
    store: &Store,
    caller: &Principal,
    table: &str,
    reason: &str,
) -> Result<AccessRequest> {
    let table = rules::short("table_id", table, MAX_TABLE_CHARS)?;
    let reason = rules::short("reason", reason, MAX_REASON_CHARS)?;
    if table.is_empty() {
        return Err(Error::invalid("table_id is required"));
    }
    let caller = caller.clone();
    let request = write_as(store, caller.clone(), move |change| {
        if holds(change.snapshot(), &caller, &table) {
            return Err(Error::conflict("You already have access to this table"));
        }
        let user = caller.user();
        let request = access_requests::insert(change, &user.id, &user.email, &table, &reason)?;
        let (resource, details) = (format!("access_request:{}", request.id), json!({ "table_id": table }));
        audit::record(change, &caller.actor(), Action::AccessRequestCreated, &resource, details)?;
        Ok(request)
    });
    Ok(body(request.await?, None))
}

/// Returns the requests with a status, or all, oldest first.
pub async fn list_access_requests(store: &Store, status: Option<String>) -> Result<AccessRequests> {
    let filter = match status {
        None => AccessRequestFilter::All,
        Some(status) if [PENDING, APPROVED, DENIED].contains(&status.as_str()) => {
            AccessRequestFilter::WithStatus(status)
        }
        Some(_) => return Err(Error::invalid("status must be pending, approved or denied")),
    };
    list(store, filter).await
}

/// Returns the request with that id.
pub async fn access_request(store: &Store, id: &str) -> Result<AccessRequest> {
    let found = list(store, AccessRequestFilter::WithId(id.to_owned())).await?.requests.pop();
    found.ok_or_else(|| Error::not_found("Access request not found"))
}

/// Returns the caller's own requests, newest first.
pub async fn list_own_access_requests(store: &Store, caller: &Principal) -> Result<AccessRequests> {
    let mut list = list(store, AccessRequestFilter::OfUser(caller.user().id.clone())).await?;
    list.requests.reverse();
    Ok(list)
}

async fn list(store: &Store, filter: AccessRequestFilter) -> Result<AccessRequests> {
    let stored = store.read(move |reader| access_requests::list(reader, &filter)).await?;
    let requests: Vec<_> = stored.into_iter().map(|request| body(request, None)).collect();
    Ok(AccessRequests { count: requests.len(), requests })
}

/// Maximum length of notes, in characters.
const MAX_NOTE_CHARS: usize = 2000;

/// Grants the requested table: to a group, which the requester is added to, or to the requester alone.
pub async fn approve_access_request(store: &Store, admin: &Admin, id: &str, review: Review) -> Result<AccessRequest> {
    let Review { group_id, note } = checked(review)?;
    let (admin, id) = (admin.clone(), id.to_owned());
    let approved = write_as(store, admin.clone(), move |change| {
        let request = decide(change, &id, APPROVED, &admin.user().email, note.as_deref())?;
        if request.resource_type != ResourceType::Table {
            let text = format!("Access to a resource of type '{}' cannot be granted here", request.resource_type);
            return Err(Error::conflict(text));
        }
        let group_id = match group_id {
            Some(group_id) => {
                ensure_member(change, &admin, &request.user_id, &group_id)?;
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
    Ok(body(request, Some(grant_id)))
}

/// Adds the requester to the group, unless already in it.
fn ensure_member(change: &Transaction<'_>, admin: &Admin, user_id: &str, group_id: &str) -> Result<()> {
    let group = groups::view::existing(change.snapshot(), group_id)?;
    if members::contains(change, user_id, group_id)? {
        return Ok(());
    }
    if group.name == ADMIN_GROUP {
        let text = "Approving this for the Admin group would make the requester an admin; choose another group";
        return Err(Error::conflict(text));
    }
    let group = groups::view::editable(change.snapshot(), group_id)?;
    groups::join(change, admin, user_id, (&group.id, &group.name))
}

/// Denies a request.
pub async fn deny_access_request(store: &Store, admin: &Admin, id: &str, review: Review) -> Result<AccessRequest> {
    let Review { note, .. } = checked(review)?;
    let (admin, id) = (admin.clone(), id.to_owned());
    let denied = write_as(store, admin.clone(), move |change| {
        let request = decide(change, &id, DENIED, &admin.user().email, note.as_deref())?;
        let (resource, details) = (format!("access_request:{id}"), json!({ "table_id": request.table_id }));
        audit::record(change, &admin.actor(), Action::AccessRequestDenied, &resource, details)?;
        Ok(request)
    });
    Ok(body(denied.await?, None))
}

fn checked(review: Review) -> Result<Review> {
    rules::limit("note", review.note.as_deref().unwrap_or_default(), MAX_NOTE_CHARS)?;
    Ok(review)
}

/// `grant_id` is the grant that an approval created or found.
fn body(request: access_requests::AccessRequest, grant_id: Option<String>) -> AccessRequest {
    AccessRequest {
        id: request.id,
        user_id: request.user_id,
        user_email: request.user_email,
        resource_type: request.resource_type.into(),
        table_id: request.table_id,
        reason: request.reason,
        status: request.status,
        requested_at: request.requested_at.map(time::spaced),
        reviewed_by: request.reviewed_by,
        reviewed_at: request.reviewed_at.map(time::spaced),
        review_note: request.review_note,
        grant_id,
    }
}
