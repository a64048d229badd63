//! Running a caller's SQL.

use crate::access::{Principal, exists, readable_tables};
use crate::query::{QueryAnswer, QueryEngine, QueryError};
use crate::store::Store;
use crate::sync::Orchestrator;

/// Runs one SELECT over the tables that the caller may read, as of one publication, and returns at most `limit` rows.
pub async fn run_query(
    store: &Store,
    orchestrator: &Orchestrator,
    engine: &QueryEngine,
    caller: &Principal,
    sql: String,
    limit: usize,
) -> Result<QueryAnswer, QueryError> {
    let (snapshot, publication) = (store.snapshot(), orchestrator.publication());
    let tables = readable_tables(&snapshot, &publication, caller);
    let generation = publication.generation;
    let is_known = move |name: &str| exists(&snapshot, &publication, name);
    engine.run(generation, tables, is_known, sql, limit).await
}
