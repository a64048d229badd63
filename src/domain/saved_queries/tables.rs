//! The registry rows of the tables that keep results.

use super::rules;
use crate::access::Principal;
use crate::base::ident;
use crate::domain::{Error, Result};
use crate::extract::Publication;
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::store::registry::{self, Table};
use crate::store::saved_queries::SavedQuery;
use crate::store::{Change, StoreError, lineage};

/// Registers a table for a query, and returns its registry id. No other table may have the name, registered or published.
pub fn register(
    change: &Change<'_>,
    publication: &Publication,
    owner: &Principal,
    name: &str,
    description: Option<&String>,
) -> Result<String> {
    rules::table_name(name)?;
    let taken = || Error::conflict(format!("The table name {} is taken; choose another", ident::repr(name)));
    if publication.get(name).is_some() {
        return Err(taken());
    }
    let table = Table {
        id: name.to_lowercase(),
        name: name.to_owned(),
        source_type: Some(SourceType::SAVED_QUERIES),
        query_mode: Some(QueryMode::Local),
        sync_strategy: Some(SyncStrategy::FullRefresh),
        profile_after_sync: true,
        description: description.cloned(),
        registered_by: Some(owner.user().email.clone()),
        ..Table::default()
    };
    match registry::insert(change, &table) {
        // Whose it is, is not for everybody.
        Err(StoreError::Conflict(_)) => Err(taken()),
        other => other.map(|()| table.id).map_err(Error::from),
    }
}

/// Gives the table of a query, if it has one, the description of the query.
pub fn describe(change: &Change<'_>, query: &SavedQuery) -> Result<()> {
    let Some(id) = &query.table_id else { return Ok(()) };
    let table = registry::get(change, id)?;
    Ok(registry::update(change, &Table { description: query.description.clone(), ..table })?)
}

/// Drops the table of a query, if it has one. What is published under its name is closed to everybody but admins from
/// then on, and goes with the next rebuild.
pub fn drop_table(change: &Change<'_>, query: &SavedQuery) -> Result<Option<Table>> {
    let Some(id) = &query.table_id else { return Ok(None) };
    lineage::delete(change, &query.id)?;
    match registry::delete(change, id) {
        Ok(table) => Ok(Some(table)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
