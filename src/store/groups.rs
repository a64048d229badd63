//! Groups of users; grants are made to groups only.

pub mod personal;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError};
use crate::base::ident;
use crate::config::GoogleGroups;
use crate::engine::{self, params};

/// Members of this group may do everything.
pub const ADMIN_GROUP: &str = "Admin";
/// A reserved name; membership is explicit as for other groups.
pub const EVERYONE_GROUP: &str = "Everyone";

#[derive(Clone, Debug)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub is_system: bool,
    pub created_at: Option<Timestamp>,
    pub created_by: Option<String>,
}

/// `created_by` of groups that the sync with Google Workspace made.
pub const GOOGLE_SYNC: &str = "system:google-sync";

impl Group {
    /// Returns `system`, `google_sync` or `custom`.
    pub fn origin(&self, google: &GoogleGroups) -> &'static str {
        match self.created_by.as_deref() {
            _ if self.is_system && self.mapped_email(google).is_some() => "google_sync",
            _ if self.is_system => "system",
            Some(by) if by.starts_with("system:google") => "google_sync",
            Some(by) if by.starts_with("system:") => "system",
            _ => "custom",
        }
    }

    /// Returns whether the members come from Google Workspace and cannot be changed here.
    pub fn is_google_managed(&self, google: &GoogleGroups) -> bool {
        self.created_by.as_deref() == Some(GOOGLE_SYNC) || self.mapped_email(google).is_some()
    }

    /// Returns the Google group whose members are the members of this system group.
    pub fn mapped_email<'a>(&self, google: &'a GoogleGroups) -> Option<&'a str> {
        match self.name.as_str() {
            ADMIN_GROUP if self.is_system => google.admin.as_deref(),
            EVERYONE_GROUP if self.is_system => google.everyone.as_deref(),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
pub struct Groups {
    by_id: BTreeMap<String, Group>,
    admin: Option<String>,
}

impl Groups {
    pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Self> {
        let groups: Vec<Group> = reader.list(
            "SELECT id, name, description, coalesce(is_system, false), epoch_us(created_at), created_by
                 FROM user_groups",
            [],
            read_row!(as Group { id, name, description, is_system, created_at: row::time, created_by }),
        )?;
        let admin = groups.iter().find(|group| group.name == ADMIN_GROUP).map(|group| group.id.clone());
        Ok(Self { by_id: groups.into_iter().map(|group| (group.id.clone(), group)).collect(), admin })
    }

    pub fn get(&self, id: &str) -> Option<&Group> {
        self.by_id.get(id)
    }

    /// Returns the id of the group whose members are admins. Without that group there are no admins.
    pub fn admin_id(&self) -> Option<&str> {
        self.admin.as_deref()
    }

    /// Returns all groups, by name.
    pub fn all(&self) -> Vec<&Group> {
        let mut groups: Vec<_> = self.by_id.values().collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
    }
}

/// Adds a group and returns its id.
pub fn insert(change: &Change<'_>, name: &str, description: Option<&str>, by: &str) -> Result<String> {
    check_name_is_free(change, name, "")?;
    write(change, name, description, by)
}

fn write(change: &Change<'_>, name: &str, description: Option<&str>, by: &str) -> Result<String> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    change.run(
        "INSERT INTO user_groups (id, name, description, is_system, created_at, created_by)
         VALUES (?, ?, ?, false, make_timestamp(?::BIGINT), ?)",
        params![id, name, description, change.now.as_microsecond(), by],
    )?;
    Ok(id)
}

/// Rejects a name that a group other than `id` has, or that is reserved for personal groups.
fn check_name_is_free(change: &Change<'_>, name: &str, id: &str) -> Result<()> {
    if change.exists("SELECT 1 FROM user_groups WHERE lower(name) = lower(?) AND id <> ?", [name, id])? {
        return Err(StoreError::Conflict(format!("Group {} already exists", ident::repr(name))));
    }
    if name.to_lowercase().starts_with(personal::PREFIX) {
        let text = format!("Names that start with '{}' are reserved for personal groups", personal::PREFIX);
        return Err(StoreError::Conflict(text));
    }
    Ok(())
}

/// Renames a group.
pub fn rename(change: &Change<'_>, id: &str, name: &str) -> Result<()> {
    check_name_is_free(change, name, id)?;
    change.run("UPDATE user_groups SET name = ? WHERE id = ?", [name, id])
}

/// Replaces the description of a group.
pub fn set_description(change: &Change<'_>, id: &str, description: &str) -> Result<()> {
    change.run("UPDATE user_groups SET description = ? WHERE id = ?", [description, id])
}

/// Deletes a group with its members and grants.
pub fn delete(change: &Change<'_>, id: &str) -> Result<()> {
    change.run("DELETE FROM user_group_members WHERE group_id = ?", [id])?;
    change.run("DELETE FROM resource_grants WHERE group_id = ?", [id])?;
    change.run("DELETE FROM user_groups WHERE id = ?", [id])
}

/// Returns the id of the user whose personal group this is, if it is a personal group.
pub fn personal_owner(change: &Change<'_>, group_id: &str) -> Result<Option<String>> {
    let sql = "SELECT u.id FROM user_groups g JOIN users u ON g.name = ? || u.id WHERE g.id = ?";
    Ok(change.find(sql, [personal::PREFIX, group_id], |row| row.get(0))?)
}
