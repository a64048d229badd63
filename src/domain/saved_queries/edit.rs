//! Saving, changing and deleting.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::rules::{Quotas, checked, manageable, not_found};
use super::tables::{describe, drop_table, register};
use crate::access::Principal;
use crate::base::{random, time};
use crate::domain::queries::check_query;
use crate::domain::{Error, Result, write_as};
use crate::extract::Publication;
use crate::protocol::saved_queries::{SaveQuery, UpdateSavedQuery};
use crate::query::QueryEngine;
use crate::store::audit::{self, Action};
use crate::store::registry::Table;
use crate::store::saved_queries::{self, SavedQuery};
use crate::store::{Store, Transaction};
use crate::sync::{Orchestrator, Runner};

/// Saves a statement that the caller may run now, and returns the id of the query.
pub async fn save_query(
    store: &Store,
    orchestrator: &Orchestrator,
    engine: &QueryEngine,
    quotas: Quotas,
    caller: &Principal,
    requested: SaveQuery,
) -> Result<String> {
    let SaveQuery { name, sql, description, table, schedule } = requested;
    let table = table.filter(|table| !table.is_empty());
    let now = time::now();
    let query = checked(SavedQuery {
        id: random::uuid(),
        owner_id: caller.user().id.clone(),
        name,
        description,
        sql,
        schedule,
        table_id: table.clone(),
        created_at: now,
        updated_at: now,
        ran_at: None,
        status: None,
        error: None,
        rows: None,
        duration_ms: None,
    })?;
    check_statement(store, orchestrator, engine, caller, &query).await?;
    let (owner, publication) = (caller.clone(), orchestrator.publication());
    let written = write_as(store, caller.clone(), move |change| {
        quotas.admit_query(change.snapshot(), &query.owner_id)?;
        let details = details(&query, table.as_deref());
        let table_id = match &table {
            Some(table) => {
                quotas.admit_table(change.snapshot(), &query.owner_id)?;
                Some(register(change, &publication, &owner, table, query.description.as_ref())?)
            }
            None => None,
        };
        let query = SavedQuery { table_id, ..query };
        saved_queries::insert(change, &query)?;
        record(change, &owner, Action::SavedQueryCreate, &query.id, details)?;
        Ok(query.id)
    });
    written.await
}

/// Changes what was sent of a query; the rest stays. Only its owner changes what it says: it runs with their rights. Others
/// who manage it can take away its schedule and its table.
pub async fn update_query(
    store: &Store,
    runner: &Runner,
    gate: (&Orchestrator, &QueryEngine, Quotas),
    caller: &Principal,
    id: &str,
    requested: UpdateSavedQuery,
) -> Result<()> {
    let (orchestrator, engine, quotas) = gate;
    let entry = manageable(&store.snapshot(), caller, id)?.clone();
    let UpdateSavedQuery { name, sql, description, table, schedule } = &requested;
    let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let says_more = name.is_some() || sql.is_some() || description.is_some() || is_set(table) || is_set(schedule);
    if says_more && entry.owner_id != caller.user().id {
        let text = "Only its owner changes a saved query; you can share or delete it, or clear its schedule and table";
        return Err(Error::Forbidden(text.into()));
    }
    let query_id = entry.id.clone();
    let stored = store.read(move |reader| saved_queries::get(reader, &query_id)).await?.ok_or_else(not_found)?;
    if sql.is_some() || is_set(table) {
        let changed = changed(stored.clone(), &requested)?;
        check_statement(store, orchestrator, engine, caller, &changed).await?;
    }
    let (owner, publication, id, read_at) =
        (caller.clone(), orchestrator.publication(), entry.id.clone(), stored.updated_at);
    let written = write_as(store, caller.clone(), move |change| {
        manageable(change.snapshot(), &owner, &id)?;
        let stored = saved_queries::get(change, &id).map_err(into_error)?.ok_or_else(not_found)?;
        if stored.updated_at != read_at {
            return Err(Error::conflict("The query was changed by somebody else in the meantime; try again"));
        }
        change_query(change, &publication, quotas, &owner, stored, &requested)
    });
    if let Some(dropped) = written.await? {
        runner.retire(&dropped).await?;
    }
    Ok(())
}

/// Returns the previous table of the query, if this change takes it away.
fn change_query(
    change: &Transaction<'_>,
    publication: &Arc<Publication>,
    quotas: Quotas,
    owner: &Principal,
    stored: SavedQuery,
    requested: &UpdateSavedQuery,
) -> Result<Option<Table>> {
    let mut query = changed(stored.clone(), requested)?;
    let mut dropped = None;
    if let Some(table) = &requested.table {
        let current = stored.table_id.as_ref().and_then(|id| change.snapshot().registry.get(id));
        query.table_id = stored.table_id.clone();
        if current.map_or("", |current| &current.name) != table {
            dropped = drop_table(change, &stored)?;
            query.table_id = None;
            if !table.is_empty() {
                if stored.table_id.is_none() {
                    quotas.admit_table(change.snapshot(), &stored.owner_id)?;
                }
                query.table_id = Some(register(change, publication, owner, table, query.description.as_ref())?);
            }
            saved_queries::forget_run(change, &query.id)?;
        }
    }
    if query.description != stored.description {
        describe(change, &query)?;
    }
    saved_queries::update(change, &query)?;
    let sent = match json!(requested) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    record(change, owner, Action::SavedQueryUpdate, &query.id, Value::Object(sent))?;
    Ok(dropped)
}

/// The query with what was sent. The name of a table stands for its id.
fn changed(stored: SavedQuery, requested: &UpdateSavedQuery) -> Result<SavedQuery> {
    let UpdateSavedQuery { name, sql, description, table, schedule } = requested.clone();
    let table_id = match table {
        Some(table) => Some(table).filter(|table| !table.is_empty()),
        None => stored.table_id.clone(),
    };
    // A schedule goes with its table.
    let schedule = schedule.or(stored.schedule.clone()).filter(|_| table_id.is_some() || requested.schedule.is_some());
    checked(SavedQuery {
        name: name.unwrap_or(stored.name),
        sql: sql.unwrap_or(stored.sql),
        description: description.or(stored.description),
        schedule,
        table_id,
        ..stored
    })
}

/// Checks that the caller may run the statement, and that its result can be kept if it is to be.
async fn check_statement(
    store: &Store,
    orchestrator: &Orchestrator,
    engine: &QueryEngine,
    caller: &Principal,
    query: &SavedQuery,
) -> Result<()> {
    let gate = check_query(store, orchestrator, engine, caller.clone(), &query.sql).await?;
    if gate.is_show_tables && query.table_id.is_some() {
        let reason = "SHOW TABLES lists what its reader may read, so its result cannot be kept as a table";
        return Err(Error::field("table", reason, Value::Null));
    }
    Ok(())
}

/// Deletes a query with its table, and with whom it is shared with.
pub async fn delete_query(store: &Store, runner: &Runner, caller: &Principal, id: &str) -> Result<()> {
    let (owner, id) = (caller.clone(), id.to_owned());
    let written = write_as(store, caller.clone(), move |change| {
        manageable(change.snapshot(), &owner, &id)?;
        let query = saved_queries::get(change, &id).map_err(into_error)?.ok_or_else(not_found)?;
        let dropped = drop_table(change, &query)?;
        saved_queries::delete(change, &id)?;
        let details = details(&query, dropped.as_ref().map(|table| table.name.as_str()));
        record(change, &owner, Action::SavedQueryDelete, &id, details)?;
        Ok(dropped)
    });
    if let Some(dropped) = written.await? {
        runner.retire(&dropped).await?;
    }
    Ok(())
}

pub(super) fn record(
    change: &Transaction<'_>,
    caller: &Principal,
    action: Action,
    id: &str,
    details: Value,
) -> Result<()> {
    Ok(audit::record(change, &caller.actor(), action, &format!("saved_query:{id}"), details)?)
}

pub(super) fn into_error(error: crate::engine::Error) -> Error {
    crate::store::StoreError::from(error).into()
}

fn details(query: &SavedQuery, table: Option<&str>) -> Value {
    let SavedQuery { name, sql, schedule, owner_id, .. } = query;
    json!({ "name": name, "owner_id": owner_id, "sql": sql, "schedule": schedule, "table": table })
}
