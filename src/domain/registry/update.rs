use serde_json::{Map, Value, json};

use super::rules;
use crate::access::Admin;
use crate::connectors::Sources;
use crate::domain::Error;
use crate::protocol::registry::{UpdateTable, Updated};
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::QueryMode;
use crate::store::Store;
use crate::store::audit::{self, Action};
use crate::store::registry::{self, Table};

/// Changes the fields of a registered table that were sent; the others stay.
pub async fn update_table(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
    id: String,
    requested: UpdateTable,
) -> Result<Updated, Error> {
    let (actor, sources) = (admin.actor(), sources.clone());
    store
        .write(move |change| -> Result<_, Error> {
            let mut table = registry::get(change, &id)?;
            if requested.query_mode.is_some() {
                let query = resulting_query(&table, &requested);
                rules::query_mode(requested.query_mode.as_ref(), query.as_deref())?;
            }
            rules::schedule(requested.sync_schedule.as_deref())?;
            requested.name.as_deref().map_or(Ok(()), rules::name)?;
            let mut details = sent_fields(&requested);
            let updated = Updated { id: id.clone(), updated: details.keys().cloned().collect() };
            apply(&mut table, requested);
            rules::row(&sources, &table)?;
            registry::update(change, &table)?;
            let mut names = updated.updated.clone();
            names.sort();
            details.insert("updated_fields".into(), json!(names));
            audit::record(change, &actor, Action::TableUpdate, &id, Value::Object(details))?;
            Ok(updated)
        })
        .await
}

/// The SQL that the row would have: what was sent, or the stored SQL of a table that stays materialized.
fn resulting_query(stored: &Table, requested: &UpdateTable) -> Option<String> {
    let is_materialized = requested.query_mode == Some(QueryMode::Materialized);
    let stored = stored.source_query.clone().filter(|_| is_materialized);
    requested.source_query.clone().or(stored)
}

/// The fields that are not null, in the order of the type.
fn sent_fields(body: &UpdateTable) -> Map<String, Value> {
    match json!(body) {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

fn apply(table: &mut Table, body: UpdateTable) {
    fn set<T>(field: &mut Option<T>, value: Option<T>) {
        if value.is_some() {
            *field = value;
        }
    }
    if let Some(name) = body.name {
        // What it is called at the source stays the same.
        if name != table.name && table.source_table.as_deref().is_none_or(str::is_empty) {
            table.source_table = Some(std::mem::take(&mut table.name));
        }
        table.name = name;
    }
    if let Some(primary_key) = body.primary_key {
        table.primary_key = primary_key;
    }
    if let Some(options) = body.sync_options {
        table.sync_options = Some(options).filter(|options| *options != SyncOptions::default());
    }
    if let Some(profile) = body.profile_after_sync {
        table.profile_after_sync = profile;
    }
    set(&mut table.sync_strategy, body.sync_strategy);
    set(&mut table.description, body.description);
    set(&mut table.source_type, body.source_type);
    set(&mut table.bucket, body.bucket);
    set(&mut table.source_table, body.source_table);
    set(&mut table.sync_schedule, body.sync_schedule);
    set(&mut table.folder, body.folder);
    set(&mut table.source_query, body.source_query.map(|query| query.trim().to_owned()));
    if body.query_mode.is_some() {
        table.query_mode = body.query_mode;
        // Leaving materialized mode takes the SQL with it.
        if !table.is_materialized() {
            table.source_query = None;
        }
    }
}
