use serde_json::json;

use super::rules;
use crate::access::Admin;
use crate::connectors::Sources;
use crate::domain::Error;
use crate::protocol::registry::{RegisterTable, Registered};
use crate::protocol::vocabulary::{QueryMode, SyncStrategy};
use crate::store::audit::{self, Action};
use crate::store::registry::{self, Table};
use crate::store::{Store, StoreError};

/// Registers a table. Nobody but admins can read it until it is granted; its data comes with the next sync.
pub async fn register_table(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
    requested: RegisterTable,
) -> Result<Registered, Error> {
    let table = checked(sources, &requested, &admin.user().email)?;
    let registered = Registered { id: table.id.clone(), name: table.name.clone(), status: "registered".into() };
    let actor = admin.actor();
    store
        .write(move |change| -> Result<_, StoreError> {
            registry::insert(change, &table)?;
            audit::record(change, &actor, Action::TableRegister, &table.id, json!(requested))
        })
        .await?;
    Ok(registered)
}

/// The requested row, if it is valid.
pub(super) fn checked(sources: &Sources, requested: &RegisterTable, by: &str) -> Result<Table, Error> {
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
