//! A rebuild, recorded in the state database.

use std::collections::HashMap;
use std::sync::Arc;

use super::health::Problem;
use super::orchestrator::{Orchestrator, RebuildError, Rebuilt, Standing};
use crate::store::sync_state::{self, Synced};
use crate::store::{Store, StoreError, ownership};

/// Why a rebuild was not carried out or not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the rebuild ended unexpectedly")]
    Lost,
}

/// Table → milliseconds of its extraction.
pub type Durations = HashMap<String, u64>;

/// Publishes what all sources offer, and stores the state of each table and the owner of each view name.
pub async fn rebuild_and_record(
    store: &Store,
    orchestrator: &Arc<Orchestrator>,
    durations: Durations,
) -> Result<Rebuilt, RunError> {
    let owners = store.write_results(|change| ownership::load(change)).await?;
    let snapshot = store.snapshot();
    let materialized = snapshot.registry.all().into_iter().filter(|table| table.is_materialized());
    let materialized = materialized.map(|table| (table.source().clone().into(), table.name.clone())).collect();
    let standing = Standing { owners, materialized };
    let orchestrator = Arc::clone(orchestrator);
    let rebuilt =
        tokio::task::spawn_blocking(move || orchestrator.rebuild(&standing)).await.map_err(|_| RunError::Lost)??;
    let (publication, problems) = (Arc::clone(&rebuilt.publication), rebuilt.problems.clone());
    store
        .write_results(move |change| {
            let tables: Vec<_> = publication.tables().collect();
            let owners: Vec<_> = tables.iter().map(|table| (table.name.clone(), table.source.clone())).collect();
            ownership::replace(change, &owners)?;
            for table in &tables {
                let synced = Synced {
                    table: table.name.clone(),
                    at: table.extracted_at,
                    rows: table.rows,
                    size_bytes: i64::try_from(table.size_bytes()).unwrap_or(i64::MAX),
                    hash: table.version(),
                    duration_ms: durations.get(&table.name).copied(),
                };
                sync_state::succeeded(change, &synced)?;
            }
            for Problem { source, table, error } in &problems {
                // A refused name is a problem of the source that lost it, not of the table that is published.
                let of_another = |name: &String| tables.iter().any(|it| it.name == *name && it.source != *source);
                if let Some(table) = table.as_ref().filter(|name| !of_another(name)) {
                    sync_state::failed(change, table, error, durations.get(table).copied())?;
                }
            }
            sync_state::retain(change, &owners.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
        })
        .await?;
    Ok(rebuilt)
}
