use serde_json::json;

use super::DiscoveryError;
use crate::access::Admin;
use crate::connectors::Sources;
use crate::domain::Error;
use crate::protocol::discovery::Pushed;
use crate::store::audit::{self, Action};
use crate::store::{Store, StoreError, column_metadata};

/// Sends the types and descriptions of a table's columns, as they are stored here, to its source. The table is named by
/// its name or registry id.
pub async fn push_descriptions(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
    table: &str,
) -> Result<Pushed, DiscoveryError> {
    let snapshot = store.snapshot();
    let row = snapshot.registry.get(table).or_else(|| snapshot.registry.by_name(table)).cloned();
    let row = row.ok_or_else(|| Error::not_found(format!("Table not found: {table}")))?;
    let (id, name) = (row.id.clone(), row.name.clone());
    let columns = store.read(move |connection| column_metadata::of_table(connection, &id, &name)).await;
    let columns = columns.map_err(Error::from)?;
    let pushed = columns.len();
    let Some(pushing) = sources.get(row.source()).and_then(|source| source.push_descriptions(&row, columns)) else {
        let source = row.source_type.clone().unwrap_or_default();
        let reason = format!("Push is only supported for keboola tables (table source_type='{source}')");
        return Err(Error::invalid(reason).into());
    };
    pushing.await.map_err(DiscoveryError::Push)?;
    if pushed == 0 {
        let message = Some("No column metadata to push".into());
        return Ok(Pushed { status: "ok".into(), pushed, message });
    }
    let (actor, id) = (admin.actor(), row.id.clone());
    let recorded = store.write(move |change| -> Result<_, StoreError> {
        audit::record(change, &actor, Action::MetadataPush, &id, json!({ "columns": pushed }))
    });
    recorded.await.map_err(Error::from)?;
    Ok(Pushed { status: "ok".into(), pushed, message: None })
}
