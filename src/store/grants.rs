//! What groups may use: rows of (group, resource type, resource id).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result, StoreError};
use crate::base::random;
use crate::engine::{self, params};
use crate::protocol::vocabulary::ResourceType;

#[derive(Clone, Debug)]
pub struct Grant {
    pub id: String,
    pub group_id: String,
    pub resource_type: ResourceType,
    /// For a table, its registry id.
    pub resource_id: String,
    pub assigned_at: Option<Timestamp>,
    pub assigned_by: Option<String>,
}

#[derive(Debug, Default)]
pub struct Grants {
    by_id: BTreeMap<String, Arc<Grant>>,
    by_group: HashMap<String, Vec<Arc<Grant>>>,
    /// Group → table ids.
    tables: HashMap<String, HashSet<String>>,
    /// Group → ids of saved queries.
    queries: HashMap<String, HashSet<String>>,
}

impl Grants {
    pub(super) fn load(reader: &Reader<'_>) -> engine::Result<Self> {
        let rows: Vec<Grant> = reader.list(
            "SELECT id, group_id, resource_type, resource_id, epoch_us(assigned_at), assigned_by
                 FROM resource_grants",
            [],
            read_row!(as Grant {
                id, group_id, resource_type: row::word, resource_id, assigned_at: row::time, assigned_by
            }),
        )?;
        let mut loaded = Self::default();
        for grant in rows.into_iter().map(Arc::new) {
            loaded.by_group.entry(grant.group_id.clone()).or_default().push(Arc::clone(&grant));
            let ids = match grant.resource_type {
                ResourceType::Table => Some(&mut loaded.tables),
                ResourceType::SavedQuery => Some(&mut loaded.queries),
                _ => None,
            };
            if let Some(ids) = ids {
                ids.entry(grant.group_id.clone()).or_default().insert(grant.resource_id.clone());
            }
            loaded.by_id.insert(grant.id.clone(), grant);
        }
        Ok(loaded)
    }

    /// Returns whether the group may read the table with that registry id.
    pub fn has_table(&self, group_id: &str, table_id: &str) -> bool {
        self.tables.get(group_id).is_some_and(|tables| tables.contains(table_id))
    }

    /// Returns whether the saved query is shared with the group.
    pub fn has_saved_query(&self, group_id: &str, query_id: &str) -> bool {
        self.queries.get(group_id).is_some_and(|queries| queries.contains(query_id))
    }

    pub fn of_group(&self, group_id: &str) -> &[Arc<Grant>] {
        self.by_group.get(group_id).map_or(&[], Vec::as_slice)
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Grant>> {
        self.by_id.values()
    }

    pub fn get(&self, id: &str) -> Option<&Grant> {
        self.by_id.get(id).map(Arc::as_ref)
    }

    /// Returns the group's grant on a table.
    pub fn on_table(&self, group_id: &str, table_id: &str) -> Option<&Grant> {
        self.on(group_id, &ResourceType::Table, table_id)
    }

    /// Returns the group's grant on a resource.
    pub fn on(&self, group_id: &str, resource_type: &ResourceType, resource_id: &str) -> Option<&Grant> {
        let mut grants = self.of_group(group_id).iter().map(Arc::as_ref);
        grants.find(|grant| grant.resource_type == *resource_type && grant.resource_id == resource_id)
    }
}

/// Grants a resource to a group and returns the grant's id.
pub fn insert(
    change: &Change<'_>,
    group_id: &str,
    resource_type: &ResourceType,
    resource_id: &str,
    by: &str,
) -> Result<String> {
    if !change.exists("SELECT 1 FROM user_groups WHERE id = ?", [group_id])? {
        return Err(StoreError::NotFound("Group not found".into()));
    }
    if change.exists(
        "SELECT 1 FROM resource_grants WHERE group_id = ? AND resource_type = ? AND resource_id = ?",
        [group_id, resource_type.as_str(), resource_id],
    )? {
        return Err(StoreError::Conflict("Grant already exists for this group/resource_type/resource_id".into()));
    }
    let id = random::uuid();
    change.run(
        "INSERT INTO resource_grants (id, group_id, resource_type, resource_id, assigned_at, assigned_by)
         VALUES (?, ?, ?, ?, make_timestamp(?::BIGINT), ?)",
        params![id, group_id, resource_type.as_str(), resource_id, change.now.as_microsecond(), by],
    )?;
    Ok(id)
}

/// Deletes a grant.
pub fn delete(change: &Change<'_>, id: &str) -> Result<()> {
    change.run("DELETE FROM resource_grants WHERE id = ?", [id])
}

/// Deletes every grant on a table, so that none applies to another table that is registered under the same id later.
pub fn delete_for_table(change: &Change<'_>, table_id: &str) -> Result<()> {
    delete_for(change, &ResourceType::Table, table_id)
}

/// Deletes every grant on a resource.
pub fn delete_for(change: &Change<'_>, resource_type: &ResourceType, resource_id: &str) -> Result<()> {
    let sql = "DELETE FROM resource_grants WHERE resource_type = ? AND resource_id = ?";
    change.run(sql, [resource_type.as_str(), resource_id])
}
