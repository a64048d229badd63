use crate::access::{ListedTable, Principal, listed_tables};
use crate::extract::Publication;
use crate::protocol::catalog::{CatalogTable, CatalogTables};
use crate::store::Snapshot;

/// Returns the tables that the caller may read, including those that have not been published yet.
pub fn list_tables(snapshot: &Snapshot, publication: &Publication, caller: &Principal) -> CatalogTables {
    let tables: Vec<_> = listed_tables(snapshot, publication, caller).into_iter().map(body).collect();
    CatalogTables { count: tables.len(), tables }
}

fn body(table: ListedTable) -> CatalogTable {
    let ListedTable { id, name, registered } = table;
    let Some(row) = registered else {
        return CatalogTable { id, name, description: None, source_type: None, sync_strategy: None, query_mode: None };
    };
    CatalogTable {
        id,
        name,
        description: row.description.clone(),
        source_type: row.source_type.clone(),
        sync_strategy: row.sync_strategy.clone(),
        query_mode: row.query_mode.clone(),
    }
}
