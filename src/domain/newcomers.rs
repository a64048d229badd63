//! Adding a person together with what they may read.

use crate::access::Admin;
use crate::domain::accounts::{CreatedUser, add_user};
use crate::domain::grants::grant;
use crate::domain::groups::{add_group, join, view::editable};
use crate::domain::{Error, Result, rules, write_as};
use crate::protocol::vocabulary::ResourceType;
use crate::store::groups::Group;
use crate::store::{Store, registry};

/// Who is to be added.
pub struct Newcomer {
    pub email: String,
    pub name: String,
    /// The name of the group that they join. It is added if there is none.
    pub group: String,
    /// Ids of the registered tables that the group is to read.
    pub tables: Vec<String>,
}

/// Adds a user with an invitation, their group and its grants: all of it or nothing.
pub async fn welcome(store: &Store, admin: &Admin, newcomer: Newcomer) -> Result<CreatedUser> {
    let Newcomer { email, name, group, tables } = newcomer;
    let (email, admin) = (rules::email(&email)?, admin.clone());
    if tables.is_empty() {
        return Err(Error::field("tables", "choose at least one table", ""));
    }
    let written = write_as(store, admin.clone(), move |change| {
        let user = add_user(change, &admin, email, &name, true)?;
        let (snapshot, group) = (change.snapshot(), group.trim());
        let existing = snapshot.groups.all().into_iter().find(|known| known.name.eq_ignore_ascii_case(group));
        let (group_id, group_name) = match existing {
            Some(known) => (checked(editable(snapshot, &known.id)?)?.id.clone(), known.name.clone()),
            None => (add_group(change, &admin, group, None).map_err(at_group)?, group.to_owned()),
        };
        for table in &tables {
            registry::get(change, table)?;
            if snapshot.grants.on(&group_id, &ResourceType::Table, table).is_none() {
                grant(change, &admin, &group_id, &ResourceType::Table, table)?;
            }
        }
        join(change, &admin, &user.id, (&group_id, &group_name))?;
        Ok(user)
    });
    written.await
}

/// A group whose members are more than readers, or everybody, is not for a first analyst.
fn checked(group: &Group) -> Result<&Group> {
    if group.is_system {
        return Err(Error::field(
            "group",
            "this group belongs to the server; choose another name",
            group.name.as_str(),
        ));
    }
    Ok(group)
}

fn at_group(error: Error) -> Error {
    match error {
        Error::Invalid(reason) | Error::Conflict(reason) => Error::field("group", reason, ""),
        other => other,
    }
}
