//! The table registry: what is synced from where, and under which id it is granted.

mod losses;
pub mod overview;
pub mod rules;
mod types;
pub mod view;

pub use losses::losses;
pub use types::{change_format, table_types};

use serde_json::{Map, Value, json};

use crate::access::Admin;
use crate::connectors::Sources;
use crate::domain::{Result, write_as};
use crate::protocol::file_format::FileFormat;
use crate::protocol::registry::{Precheck, PrecheckedTable, RegisterTable, Registered, UpdateTable, Updated};
use crate::protocol::sync_options::SyncOptions;
use crate::protocol::vocabulary::{QueryMode, SyncStrategy};
use crate::store::audit::{self, Action};
use crate::store::registry::{self, Table};
use crate::store::{Snapshot, Store, saved_queries};
use crate::sync::Runner;

/// Registers a table. Nobody but admins can read it until it is granted; its data comes with the next sync.
pub async fn register_table(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
    requested: RegisterTable,
) -> Result<Registered> {
    let table = checked(sources, &requested, &admin.user().email)?;
    let registered = Registered { id: table.id.clone(), name: table.name.clone(), status: "registered".into() };
    let actor = admin.actor();
    let written = write_as(store, admin.clone(), move |change| {
        registry::insert(change, &table)?;
        Ok(audit::record(change, &actor, Action::TableRegister, &table.id, json!(requested))?)
    });
    written.await?;
    Ok(registered)
}

/// The requested row, if it is valid.
fn checked(sources: &Sources, requested: &RegisterTable, by: &str) -> Result<Table> {
    rules::query_mode(requested.query_mode.as_ref(), requested.source_query.as_deref())?;
    rules::schedule(requested.sync_schedule.as_deref())?;
    rules::name(&requested.name)?;
    let requested = requested.clone();
    let table = Table {
        id: requested.name.trim().to_lowercase().replace(' ', "_"),
        name: requested.name,
        source_type: requested.source_type,
        bucket: requested.bucket,
        source_table: requested.source_table,
        source_query: requested.source_query.map(|query| query.trim().to_owned()).filter(|query| !query.is_empty()),
        sync_strategy: requested.sync_strategy.or(Some(SyncStrategy::FullRefresh)),
        sync_options: requested.sync_options,
        file_format: requested.file_format.and_then(FileFormat::or_none),
        query_mode: requested.query_mode.or(Some(QueryMode::Local)),
        sync_schedule: requested.sync_schedule,
        profile_after_sync: true,
        primary_key: requested.primary_key.unwrap_or_default(),
        folder: requested.folder,
        description: requested.description,
        registered_by: Some(by.to_owned()),
        registered_at: None,
    };
    rules::row(sources, &table)?;
    Ok(table)
}

/// Returns whether a registration would be accepted. Nothing is stored.
pub fn precheck_table(
    snapshot: &Snapshot,
    sources: &Sources,
    admin: &Admin,
    requested: &RegisterTable,
) -> Result<Precheck> {
    let table = checked(sources, requested, &admin.user().email)?;
    let note = match snapshot.registry.by_name(&table.name) {
        Some(row) => format!("the name is taken by table id '{}'; registering it would answer 409", row.id),
        None => "the fields are valid together; the source itself is first contacted by the next sync".into(),
    };
    Ok(Precheck {
        ok: true,
        table: PrecheckedTable {
            name: table.name,
            source_type: table.source_type,
            bucket: table.bucket,
            source_table: table.source_table,
            query_mode: table.query_mode,
            source_query: table.source_query,
            rows: None,
            size_bytes: None,
            columns: Vec::new(),
            note,
        },
    })
}

/// Changes the fields of a registered table that were sent; the others stay.
pub async fn update_table(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
    id: String,
    requested: UpdateTable,
) -> Result<Updated> {
    let (actor, sources) = (admin.actor(), sources.clone());
    let written = write_as(store, admin.clone(), move |change| {
        let mut table = registry::get(change, &id)?;
        rules::is_registered_here(&table)?;
        if requested.query_mode.is_some() {
            let query = resulting_query(&table, &requested);
            rules::query_mode(requested.query_mode.as_ref(), query.as_deref())?;
        }
        rules::schedule(requested.sync_schedule.as_deref())?;
        requested.name.as_deref().map_or(Ok(()), rules::name)?;
        let mut details = sent_fields(&requested);
        let before = stored_fields(&table, &details);
        let updated = Updated { id: id.clone(), updated: details.keys().cloned().collect() };
        apply(&mut table, requested);
        rules::row(&sources, &table)?;
        registry::update(change, &table)?;
        let mut names = updated.updated.clone();
        names.sort();
        details.insert("updated_fields".into(), json!(names));
        details.insert("before".into(), Value::Object(before));
        audit::record(change, &actor, Action::TableUpdate, &id, Value::Object(details))?;
        Ok(updated)
    });
    written.await
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

/// What is stored in the fields that were sent.
fn stored_fields(table: &Table, sent: &Map<String, Value>) -> Map<String, Value> {
    let Table { name, primary_key, description, bucket, folder, source_table, source_query, sync_schedule, .. } = table;
    let stored = json!({
        "name": name, "primary_key": primary_key, "description": description, "source_type": table.source_type,
        "bucket": bucket, "source_table": source_table, "source_query": source_query, "query_mode": table.query_mode,
        "sync_schedule": sync_schedule, "sync_strategy": table.sync_strategy, "folder": folder,
        "profile_after_sync": table.profile_after_sync, "sync_options": table.sync_options,
        "file_format": table.file_format,
    });
    let Value::Object(stored) = stored else { return Map::new() };
    stored.into_iter().filter(|(name, _)| sent.contains_key(name)).collect()
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
    if let Some(format) = body.file_format {
        table.file_format = format.or_none();
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

/// Unregisters a table: its grants, sync state, file and view go with it. A saved query whose result it keeps stays, without
/// schedule.
pub async fn unregister_table(store: &Store, runner: &Runner, admin: &Admin, id: String) -> Result<()> {
    let actor = admin.actor();
    let written = write_as(store, admin.clone(), move |change| {
        let table = registry::delete(change, &id)?;
        saved_queries::forget_table(change, &id)?;
        let Table { name, source_type, bucket, source_table, .. } = &table;
        let details =
            json!({ "name": name, "source_type": source_type, "bucket": bucket, "source_table": source_table });
        audit::record(change, &actor, Action::TableUnregister, &id, details)?;
        Ok(table)
    });
    let table = written.await?;
    Ok(runner.retire(&table).await?)
}
