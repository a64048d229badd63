//! What groups may use. A grant to one user is a grant to their personal group.

mod many;
mod overview;
pub mod reach;
pub mod view;

use serde_json::json;

use crate::access::Admin;
use crate::base::ident;
use crate::domain::groups::ensure_personal_group;
use crate::domain::{Error, Result, rules, write_as};
use crate::protocol::vocabulary::{ResourceType, SourceType};
use crate::store::audit::{self, Action};
use crate::store::grants::{self, Grant};
use crate::store::groups::personal;
use crate::store::{Store, Transaction, registry};

pub use self::many::{Changed, GrantChange, change_grants};
pub use self::overview::{access_overview, grantable};

/// Maximum length of resource ids, in characters.
const MAX_ID_CHARS: usize = 500;

/// Who is granted a table.
pub enum Recipient {
    /// A group, by its id.
    Group(String),
    /// A user, by their id.
    User(String),
}

impl Recipient {
    /// Checks that exactly one of the two is given.
    pub fn new(group_id: Option<String>, user_id: Option<String>) -> Result<Self> {
        match (group_id, user_id) {
            (Some(id), None) => Ok(Self::Group(id)),
            (None, Some(id)) => Ok(Self::User(id)),
            _ => Err(Error::invalid("Give exactly one of group_id and user_id")),
        }
    }
}

/// Grants a resource to a group, and returns the grant's id. It applies from the next request of each member.
pub async fn create_grant(
    store: &Store,
    admin: &Admin,
    group_id: &str,
    resource_type: &str,
    resource_id: &str,
) -> Result<String> {
    let resource_type = checked(resource_type, resource_id)?;
    let (admin, group_id, resource_id) = (admin.clone(), group_id.to_owned(), resource_id.to_owned());
    write_as(store, admin.clone(), move |change| grant(change, &admin, &group_id, &resource_type, &resource_id)).await
}

/// Grants a registered table, and returns the grant's id.
pub async fn grant_table(store: &Store, admin: &Admin, recipient: Recipient, table_id: &str) -> Result<String> {
    let (admin, table_id) = (admin.clone(), table_id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        registry::get(change, &table_id)?;
        let group_id = match recipient {
            Recipient::Group(id) => id,
            Recipient::User(id) => ensure_personal_group(change, &admin, &id)?,
        };
        grant(change, &admin, &group_id, &ResourceType::Table, &table_id)
    });
    written.await
}

/// Grants a resource to a group within a transaction.
pub(in crate::domain) fn grant(
    change: &Transaction<'_>,
    admin: &Admin,
    group_id: &str,
    resource_type: &ResourceType,
    resource_id: &str,
) -> Result<String> {
    let row = change.snapshot().registry.get(resource_id).filter(|_| *resource_type == ResourceType::Table);
    if row.is_some_and(|row| *row.source() == SourceType::SAVED_QUERIES) {
        let text = "This is the table of a saved query, and read by those it is shared with: share the query instead";
        return Err(Error::conflict(text));
    }
    let id = grants::insert(change, group_id, resource_type, resource_id, &admin.user().email)?;
    let details = json!({ "group_id": group_id, "resource_type": resource_type, "resource_id": resource_id });
    audit::record(change, &admin.actor(), Action::ResourceGrantCreated, &format!("grant:{id}"), details)?;
    Ok(id)
}

/// Checks what is to be granted, and returns its type.
fn checked(resource_type: &str, resource_id: &str) -> Result<ResourceType> {
    let resource_type = known_type(resource_type)?;
    if resource_id.trim().is_empty() {
        return Err(Error::invalid("resource_id is required"));
    }
    rules::limit("resource_id", resource_id, MAX_ID_CHARS)?;
    Ok(resource_type)
}

/// Returns the resource type of that name.
fn known_type(key: &str) -> Result<ResourceType> {
    match ResourceType::from(key) {
        ResourceType::Unknown(_) => {
            let known: Vec<_> = ResourceType::KNOWN.iter().map(|key| ident::repr(key)).collect();
            let (key, known) = (ident::repr(key), known.join(", "));
            Err(Error::invalid(format!("Unknown resource_type {key}. Known types: [{known}]")))
        }
        known => Ok(known),
    }
}

/// Withdraws a grant. It no longer applies from the next request of each member.
pub async fn revoke_grant(store: &Store, admin: &Admin, id: &str) -> Result<()> {
    let (admin, id) = (admin.clone(), id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let grant = change.snapshot().grants.get(&id);
        revoke(change, &admin, grant.ok_or_else(|| Error::not_found("Grant not found"))?)
    });
    written.await
}

/// As [`revoke_grant`], for grants on tables only.
pub async fn revoke_table_grant(store: &Store, admin: &Admin, id: &str) -> Result<()> {
    let (admin, id) = (admin.clone(), id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let grant = change.snapshot().grants.get(&id);
        let grant = grant.filter(|grant| grant.resource_type == ResourceType::Table);
        revoke(change, &admin, grant.ok_or_else(permission_not_found)?)
    });
    written.await
}

/// Withdraws the grant on a table from the group or user that it was granted to.
pub async fn revoke_table(store: &Store, admin: &Admin, recipient: Recipient, table_id: &str) -> Result<()> {
    let (admin, table_id) = (admin.clone(), table_id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let group_id = match recipient {
            Recipient::Group(id) => Some(id),
            Recipient::User(id) => personal::find(change, &id)?,
        };
        let grant = group_id.and_then(|id| change.snapshot().grants.on_table(&id, &table_id));
        revoke(change, &admin, grant.ok_or_else(permission_not_found)?)
    });
    written.await
}

fn revoke(change: &Transaction<'_>, admin: &Admin, grant: &Grant) -> Result<()> {
    let Grant { id, group_id, resource_type, resource_id, .. } = grant;
    grants::delete(change, id)?;
    let details = json!({ "group_id": group_id, "resource_type": resource_type, "resource_id": resource_id });
    Ok(audit::record(change, &admin.actor(), Action::ResourceGrantDeleted, &format!("grant:{id}"), details)?)
}

fn permission_not_found() -> Error {
    Error::not_found("Permission not found")
}
