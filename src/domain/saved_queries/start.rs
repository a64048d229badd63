//! Starting refreshes: one, or all that are due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::json;

use super::edit::record;
use super::refresh::{FAILED, Refresher};
use super::rules::manageable;
use crate::access::{Admin, Principal};
use crate::base::schedule::Schedule;
use crate::base::time;
use crate::domain::{Error, Result, write_as};
use crate::protocol::saved_queries::{DueRun, DueRuns};
use crate::store::audit::Action;
use crate::store::saved_queries::{self, SavedQuery};
use crate::store::{Store, StoreError};

/// Refreshes the table of a query as its owner, whoever asks for it. It goes on when the caller does not wait for it.
pub async fn refresh_query(store: &Store, refresher: &Arc<Refresher>, caller: &Principal, id: &str) -> Result<()> {
    let query = manageable(&store.snapshot(), caller, id)?.clone();
    if query.table_id.is_none() {
        return Err(Error::conflict("The query has no table; give it one first"));
    }
    let begun = refresher.begin(id, &query.owner_id).map_err(|running| match running == id {
        true => Error::conflict("The table is being refreshed already"),
        false => Error::conflict("Another table of the same owner is being refreshed; try again when it is done"),
    })?;
    let (owner, id) = (caller.clone(), id.to_owned());
    let recorded = write_as(store, caller.clone(), move |change| {
        manageable(change.snapshot(), &owner, &id)?;
        record(change, &owner, Action::SavedQueryRefresh, &id, json!({}))
    });
    recorded.await?;
    let refresher = Arc::clone(refresher);
    let run = tokio::spawn(async move { refresher.refresh(begun).await });
    run.await.map_err(|_| StoreError::Broken("refreshing a saved query ended unexpectedly".into()))??;
    Ok(())
}

/// Refreshes the tables that are due. A call while an earlier one is at work does nothing.
pub async fn run_due(refresher: &Arc<Refresher>, _: &Admin) -> Result<DueRuns> {
    let Ok(turn) = Arc::clone(&refresher.due).try_lock_owned() else {
        return Ok(DueRuns { status: "running".into(), runs: Vec::new() });
    };
    let refresher = Arc::clone(refresher);
    // It goes on when the caller does not wait for it.
    let all = tokio::spawn(async move {
        let _turn = turn;
        refresher.run_all_due().await
    });
    let runs = all.await.map_err(|_| StoreError::Broken("refreshing saved queries ended unexpectedly".into()))??;
    Ok(DueRuns { status: "finished".into(), runs })
}

/// How many owners' tables are refreshed at the same time.
const OWNERS: usize = 4;
/// For how long tables of one owner are begun in one call; the others come with the next one.
const PATIENCE: Duration = Duration::from_secs(300);

impl Refresher {
    async fn run_all_due(&self) -> Result<Vec<DueRun>, StoreError> {
        let scheduled = self.store.read(saved_queries::scheduled).await?;
        let mut by_owner: BTreeMap<String, Vec<SavedQuery>> = BTreeMap::new();
        for query in scheduled.into_iter().filter(is_due) {
            by_owner.entry(query.owner_id.clone()).or_default().push(query);
        }
        let runs = stream::iter(by_owner.into_values()).map(|queries| self.run_in_turn(queries));
        let runs: Vec<Vec<DueRun>> = runs.buffer_unordered(OWNERS).collect().await;
        Ok(runs.into_iter().flatten().collect())
    }

    /// Refreshes the tables of one owner, the one that waits longest first.
    async fn run_in_turn(&self, queries: Vec<SavedQuery>) -> Vec<DueRun> {
        let (mut runs, begun_at) = (Vec::new(), Instant::now());
        for SavedQuery { id, name, owner_id, .. } in queries {
            if begun_at.elapsed() > PATIENCE {
                break;
            }
            let Ok(begun) = self.begin(&id, &owner_id) else { break };
            let status = self.refresh(begun).await.unwrap_or_else(|error| {
                tracing::error!(query = id, %error, "cannot refresh a saved query");
                FAILED
            });
            runs.push(DueRun { id, name, status: status.into() });
        }
        runs
    }
}

fn is_due(query: &SavedQuery) -> bool {
    let schedule = query.schedule.as_deref().and_then(Schedule::parse);
    schedule.is_some_and(|schedule| schedule.is_due(query.ran_at, time::now()))
}
