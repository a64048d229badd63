//! Registry rows as responses show them.

use crate::base::time;
use crate::protocol::registry::{TableList, TableRow};
use crate::store::Snapshot;
use crate::store::registry::Table;

/// All registered tables, by name.
pub fn tables(snapshot: &Snapshot) -> TableList {
    let tables: Vec<_> = snapshot.registry.all().into_iter().map(|table| row(snapshot, table)).collect();
    TableList { count: tables.len(), tables }
}

fn row(snapshot: &Snapshot, table: &Table) -> TableRow {
    let table = table.clone();
    TableRow {
        last_sync_error: snapshot.sync.get(&table.name).and_then(|state| state.last_error()).map(str::to_owned),
        id: table.id,
        name: table.name,
        source_type: table.source_type,
        bucket: table.bucket,
        source_table: table.source_table,
        source_query: table.source_query,
        sync_strategy: table.sync_strategy,
        sync_options: table.sync_options,
        file_format: table.file_format,
        query_mode: table.query_mode,
        sync_schedule: table.sync_schedule,
        profile_after_sync: table.profile_after_sync,
        primary_key: table.primary_key,
        folder: table.folder,
        description: table.description,
        registered_by: table.registered_by,
        registered_at: table.registered_at.map(time::iso_naive),
    }
}
