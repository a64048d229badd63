//! Groups of users, to which access is granted.

mod members;
pub mod view;

use serde_json::{Map, json};

use crate::access::Admin;
use crate::domain::{Error, Result, rules, write_as};
use crate::store::audit::{self, Action};
use crate::store::groups::{self, Group, personal};
use crate::store::users::User;
use crate::store::{Change, Snapshot, Store, Transaction};

pub(in crate::domain) use self::members::join;
pub use self::members::{About, add_member, add_membership, remove_member};

/// Maximum length of names and descriptions, in characters.
const MAX_NAME_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 2000;

/// Adds a group and returns its id.
pub async fn create_group(store: &Store, admin: &Admin, name: &str, description: Option<String>) -> Result<String> {
    let (admin, name) = (admin.clone(), name.to_owned());
    write_as(store, admin.clone(), move |change| add_group(change, &admin, &name, description.as_deref())).await
}

/// Adds a group within a transaction.
pub(in crate::domain) fn add_group(
    change: &Transaction<'_>,
    admin: &Admin,
    name: &str,
    description: Option<&str>,
) -> Result<String> {
    let name = rules::short("name", name, MAX_NAME_CHARS)?;
    rules::limit("description", description.unwrap_or_default(), MAX_DESCRIPTION_CHARS)?;
    if name.is_empty() {
        return Err(Error::invalid("Group name is required"));
    }
    let id = groups::insert(change, &name, description, &admin.user().email)?;
    let details = json!({ "name": name });
    audit::record(change, &admin.actor(), Action::UserGroupCreated, &format!("group:{id}"), details)?;
    Ok(id)
}

/// Changes the name and description of a group; `None` leaves them unchanged.
pub async fn update_group(
    store: &Store,
    admin: &Admin,
    id: &str,
    name: Option<String>,
    description: Option<String>,
) -> Result<()> {
    let (actor, id) = (admin.actor(), id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let snapshot = change.snapshot();
        let group = view::editable(snapshot, &id)?;
        let name = name.map(|name| rules::short("name", &name, MAX_NAME_CHARS)).transpose()?;
        rules::limit("description", description.as_deref().unwrap_or_default(), MAX_DESCRIPTION_CHARS)?;
        let mut details = Map::new();
        if let Some(name) = name.filter(|name| *name != group.name) {
            if group.is_system {
                return Err(Error::conflict("System groups cannot be renamed"));
            }
            if name.is_empty() {
                return Err(Error::invalid("Group name is required"));
            }
            if owner(snapshot, group).is_some() {
                return Err(Error::conflict("Personal groups cannot be renamed"));
            }
            groups::rename(change, &id, &name)?;
            details.insert("name".into(), json!(name));
        }
        if let Some(description) = description.filter(|text| group.description.as_ref() != Some(text)) {
            groups::set_description(change, &id, &description)?;
            details.insert("description".into(), json!(description));
        }
        if !details.is_empty() {
            audit::record(change, &actor, Action::UserGroupUpdated, &format!("group:{id}"), details.into())?;
        }
        Ok(())
    });
    written.await
}

/// Removes a group with its members and grants.
pub async fn delete_group(store: &Store, admin: &Admin, id: &str) -> Result<()> {
    let (actor, id) = (admin.actor(), id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let group = view::editable(change.snapshot(), &id)?;
        if group.is_system {
            return Err(Error::conflict("Cannot delete a system group"));
        }
        groups::delete(change, &id)?;
        let details = json!({ "name": group.name });
        Ok(audit::record(change, &actor, Action::UserGroupDeleted, &format!("group:{id}"), details)?)
    });
    written.await
}

/// Returns the user whose personal group this is, if it is a personal group.
pub(in crate::domain) fn owner<'a>(snapshot: &'a Snapshot, group: &Group) -> Option<&'a User> {
    snapshot.users.get(personal::owner_by_name(&group.name)?).map(AsRef::as_ref)
}

/// Returns the id of a user's personal group, and creates it if there is none.
pub(in crate::domain) fn ensure_personal_group(change: &Change<'_>, admin: &Admin, user_id: &str) -> Result<String> {
    let (id, is_new) = personal::ensure(change, user_id, &admin.user().email)?;
    if is_new {
        let details = json!({ "name": format!("{}{user_id}", personal::PREFIX) });
        audit::record(change, &admin.actor(), Action::UserGroupCreated, &format!("group:{id}"), details)?;
    }
    Ok(id)
}
