//! What goes with a table that is unregistered.

use crate::access::Admin;
use crate::domain::Result;
use crate::protocol::vocabulary::ResourceType;
use crate::store::registry::Table;
use crate::store::{Store, saved_queries};

/// Who loses what.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Names of the groups that may read it.
    pub groups: Vec<String>,
    /// Names of the saved queries whose statement names it.
    pub queries: Vec<String>,
    /// The saved query whose result it keeps.
    pub result_of: Option<String>,
}

/// Returns who would miss this table.
pub async fn losses(store: &Store, _: &Admin, table: &Table) -> Result<Losses> {
    let snapshot = store.snapshot();
    let grants = snapshot.grants.all();
    let granted = grants.filter(|grant| grant.resource_type == ResourceType::Table && grant.resource_id == table.id);
    let groups = granted.filter_map(|grant| Some(snapshot.groups.get(&grant.group_id)?.name.clone()));
    let mut groups: Vec<_> = groups.collect();
    groups.sort();
    let ids: Vec<_> = snapshot.saved_queries.all().map(|query| query.id.clone()).collect();
    let stored = store.read(move |reader| saved_queries::list(reader, &ids)).await?;
    let naming = stored.into_iter().filter(|query| names(&query.sql, &table.name)).map(|query| query.name);
    let queries = naming.collect();
    let result_of = snapshot.saved_queries.of_table(&table.id).map(|query| query.name.clone());
    Ok(Losses { groups, queries, result_of })
}

/// Returns whether the name stands in the statement as a word.
fn names(sql: &str, name: &str) -> bool {
    let (sql, name) = (sql.to_lowercase(), name.to_lowercase());
    sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_whole_word() {
        assert!(names("SELECT * FROM Orders o", "orders") && names("FROM \"orders\"", "ORDERS"));
        assert!(!names("SELECT orders_2.id FROM orders_2", "orders") && !names("SELECT 1", "orders"));
    }
}
