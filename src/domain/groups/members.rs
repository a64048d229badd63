//! Adding users to groups and removing them. A *membership* is the same thing as a *member*, seen from the user, and its
//! audit rows are about the user instead of the group.

use serde_json::json;

use super::{owner, view};
use crate::access::Admin;
use crate::base::ident;
use crate::domain::accounts::view::existing as existing_user;
use crate::domain::{Error, Result, write_as};
use crate::store::audit::Action;
use crate::store::{ADMIN_GROUP, Store, StoreError, Transaction, audit, members};

/// Adds the user with that address to a group, and returns the user's id.
pub async fn add_member(store: &Store, admin: &Admin, group_id: &str, email: &str) -> Result<String> {
    let (admin, group_id, email) = (admin.clone(), group_id.to_owned(), email.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let snapshot = change.snapshot();
        view::editable(snapshot, &group_id)?;
        let user = snapshot.users.by_email(email.trim());
        let user = user.ok_or_else(|| Error::not_found(format!("User {} not found", ident::repr(&email))))?;
        members::insert(change, &user.id, &group_id, members::SOURCE_ADMIN, &admin.user().email)?;
        let (resource, details) = (format!("group:{group_id}"), json!({ "user_email": user.email }));
        audit::record(change, &admin.actor(), Action::UserGroupMemberAdded, &resource, details)?;
        Ok(user.id.clone())
    });
    written.await
}

/// Adds a user to a group.
pub async fn add_membership(store: &Store, admin: &Admin, user_id: &str, group_id: &str) -> Result<()> {
    let (admin, user_id, group_id) = (admin.clone(), user_id.to_owned(), group_id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        existing_user(change.snapshot(), &user_id)?;
        let group = view::editable(change.snapshot(), &group_id)?;
        if members::contains(change, &user_id, &group_id)? {
            return Err(Error::conflict("Already a member"));
        }
        join(change, &admin, &user_id, (&group.id, &group.name))
    });
    written.await
}

/// Adds a user to a group that the caller has found editable, given by its id and name.
pub(in crate::domain) fn join(
    change: &Transaction<'_>,
    admin: &Admin,
    user_id: &str,
    (group_id, group_name): (&str, &str),
) -> Result<()> {
    members::insert(change, user_id, group_id, members::SOURCE_ADMIN, &admin.user().email)?;
    let details = json!({ "group_id": group_id, "group_name": group_name });
    Ok(audit::record(change, &admin.actor(), Action::UserGroupMemberAdded, &format!("user:{user_id}"), details)?)
}

/// Whom the audit row of a removal is about.
pub enum About {
    Group,
    User,
}

/// Removes a user from a group.
pub async fn remove_member(store: &Store, admin: &Admin, group_id: &str, user_id: &str, about: About) -> Result<()> {
    let (actor, group_id, user_id) = (admin.actor(), group_id.to_owned(), user_id.to_owned());
    let written = write_as(store, admin.clone(), move |change| {
        let group = view::editable(change.snapshot(), &group_id)?;
        if group.name == ADMIN_GROUP
            && members::contains(change, &user_id, &group_id)?
            && !members::has_other_admin(change, &user_id).map_err(StoreError::from)?
        {
            let text = "Cannot remove the last admin — at least one user must remain in the Admin group";
            return Err(Error::conflict(text));
        }
        if owner(change.snapshot(), group).is_some_and(|owner| owner.id == user_id) {
            let text = "A personal group keeps its only member; withdraw its grants, or delete the group";
            return Err(Error::conflict(text));
        }
        members::remove(change, &user_id, &group_id)?;
        let (resource, details) = match about {
            About::Group => (format!("group:{group_id}"), json!({ "user_id": user_id })),
            About::User => (format!("user:{user_id}"), json!({ "group_id": group_id, "group_name": group.name })),
        };
        Ok(audit::record(change, &actor, Action::UserGroupMemberRemoved, &resource, details)?)
    });
    written.await
}
