use std::collections::HashSet;

use serde_json::json;

use super::DiscoveryError;
use super::names::free_name;
use crate::access::Admin;
use crate::connectors::{Source, Sources};
use crate::domain::Error;
use crate::protocol::discovery::{DiscoveredAndRegistered, DiscoveredTable, Renamed};
use crate::protocol::vocabulary::QueryMode;
use crate::store::audit::{self, Action};
use crate::store::registry::{self, Table};
use crate::store::{Store, StoreError};

/// Registers every table of the main data source that is not registered yet. Nobody but admins may read them until they
/// are granted.
pub async fn register_discovered_tables(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
) -> Result<DiscoveredAndRegistered, DiscoveryError> {
    let mut outcome = DiscoveredAndRegistered { source: sources.main().clone(), ..DiscoveredAndRegistered::default() };
    let Some((source, listed)) = sources.get(sources.main()).and_then(|source| Some((source, source.discover()?)))
    else {
        return Ok(outcome);
    };
    let offered = listed.await.map_err(DiscoveryError::Register)?;
    let rows: Vec<_> = offered.into_iter().map(|table| row(source, table, &admin.user().email)).collect();
    let actor = admin.actor();
    let registered = store.write(move |change| -> Result<_, StoreError> {
        let known = registry::all(change)?;
        let mut taken: HashSet<String> = known.iter().map(|row| row.name.to_lowercase()).collect();
        for (mut row, label, id_at_source) in rows {
            let is_same = |known: &Table| {
                known.id == row.id || known.bucket == row.bucket && known.source_table == row.source_table
            };
            if known.iter().any(is_same) {
                outcome.skipped += 1;
                continue;
            }
            let name = free_name(&row.name, &label, &mut taken);
            if name != row.name {
                outcome.renamed.push(Renamed { id: id_at_source, name: name.clone() });
            }
            row.name = name;
            registry::insert(change, &row)?;
            outcome.tables.push(row.id);
        }
        outcome.registered = outcome.tables.len();
        let details = json!({ "registered": outcome.tables, "skipped": outcome.skipped });
        audit::record(change, &actor, Action::TableDiscover, "registry", details)?;
        Ok(outcome)
    });
    Ok(registered.await.map_err(Error::from)?)
}

/// The registry row of a discovered table, still with its name at the source, the label of its bucket, and its id there.
fn row(source: &dyn Source, table: DiscoveredTable, by: &str) -> (Table, String, String) {
    let name = table.id.strip_prefix(&table.bucket_id).and_then(|rest| rest.strip_prefix('.')).unwrap_or(&table.id);
    let label = source.bucket_label(&table.bucket_id).to_owned();
    let row = Table {
        id: table.id.to_lowercase().replace(['.', ' '], "_"),
        name: name.to_owned(),
        source_type: Some(source.kind()),
        source_table: Some(name.to_owned()),
        bucket: Some(table.bucket_id),
        query_mode: Some(QueryMode::Local),
        profile_after_sync: true,
        primary_key: table.primary_key,
        description: Some(format!("Auto-discovered from {}: {}", source.title(), table.id)),
        registered_by: Some(by.to_owned()),
        ..Table::default()
    };
    (row, label, table.id)
}
