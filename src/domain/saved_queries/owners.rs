//! Queries of people who leave.

use serde_json::json;

use super::edit::{into_error, record};
use super::tables::drop_table;
use crate::access::Admin;
use crate::domain::Result;
use crate::store::Transaction;
use crate::store::audit::Action;
use crate::store::registry::Table;
use crate::store::saved_queries::{self, SavedQuery};

/// Passes the shared queries of a user who is deleted on to the admin who deletes them, without their schedules: what
/// somebody else wrote must not run with the rights of an admin before that admin has seen it. The others are deleted.
/// Returns the tables that went with them.
pub fn release_queries(change: &Transaction<'_>, admin: &Admin, user_id: &str) -> Result<Vec<Table>> {
    let (snapshot, mut dropped) = (change.snapshot(), Vec::new());
    for entry in snapshot.saved_queries.of_owner(user_id) {
        let Some(query) = saved_queries::get(change, &entry.id).map_err(into_error)? else { continue };
        let mut groups = snapshot.groups.all().into_iter();
        if groups.any(|group| snapshot.grants.has_saved_query(&group.id, &entry.id)) {
            let former = snapshot.users.get(user_id).map_or(user_id, |user| user.email.as_str());
            let short = |text: &str| text.chars().take(80).collect::<String>();
            // No other query of the admin has the name.
            let name = format!("{} ({}, {})", short(&query.name), short(former), short(&query.id));
            let query = SavedQuery { owner_id: admin.user().id.clone(), name, schedule: None, ..query };
            saved_queries::update(change, &query)?;
            let details = json!({ "from": former, "name": query.name });
            record(change, admin, Action::SavedQueryTakeOver, &query.id, details)?;
        } else {
            dropped.extend(drop_table(change, &query)?);
            saved_queries::delete(change, &query.id)?;
        }
    }
    Ok(dropped)
}
