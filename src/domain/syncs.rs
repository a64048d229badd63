//! Sync runs: starting one, and what they did.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::json;

use crate::access::Admin;
use crate::base::time;
use crate::domain::registry::overview;
use crate::domain::{Error, Result, rules, write_as};
use crate::extract::Publication;
use crate::protocol::sync::Triggered;
use crate::protocol::sync_runs::{Run, RunPage, RunStatus};
use crate::store::Store;
use crate::store::audit::{self, Action};
use crate::store::sync_runs::{self, RunSummary};
use crate::sync::Runner;

/// How many tables one request may name, and how long an id may be, in characters.
const MAX_TABLES: usize = 5_000;
const MAX_ID_CHARS: usize = 500;

/// Starts a sync of the tables with these registry ids, or, without any, of everything that is due. While a run is in
/// progress, the request is merged into the next one.
pub async fn trigger_sync(store: &Store, runner: &Runner, admin: &Admin, ids: Vec<String>) -> Result<Triggered> {
    if ids.len() > MAX_TABLES {
        return Err(Error::Unprocessable(format!("Name at most {MAX_TABLES} tables, or none to sync everything")));
    }
    ids.iter().try_for_each(|id| rules::limit("id", id, MAX_ID_CHARS))?;
    let everything = ids.is_empty();
    let tables = if everything { json!("all") } else { json!(ids) };
    let snapshot = store.snapshot();
    let (known, unknown): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| snapshot.registry.get(id).is_some());
    let known: BTreeSet<_> = known.into_iter().collect();
    let mut details = json!({ "tables": if everything { json!("all") } else { json!(known) } });
    if !unknown.is_empty() {
        // Not their names, since a row of the audit log stays for good.
        details["unknown"] = json!(unknown.len());
    }
    let actor = admin.actor();
    let recorded = write_as(store, admin.clone(), move |change| {
        Ok(audit::record(change, &actor, Action::SyncTrigger, "sync", details)?)
    });
    recorded.await?;
    let requested: Option<HashSet<_>> = (!everything).then(|| known.into_iter().collect());
    let has_work = requested.as_ref().is_none_or(|ids| !ids.is_empty());
    let run_id = has_work.then(|| runner.trigger(requested, Some(&admin.user().email)));
    let message = match has_work {
        true => "Data sync started in background. Check /api/sync/runs for progress.",
        false => "Nothing was started: none of these ids is registered.",
    };
    Ok(Triggered { status: "triggered".into(), tables, message: message.into(), run_id, unknown })
}

/// Starts a sync of the registered tables of one source.
pub async fn trigger_source(
    store: &Store,
    runner: &Runner,
    publication: &Publication,
    admin: &Admin,
    source: &str,
) -> Result<Triggered> {
    let tables = overview::tables(&store.snapshot(), publication, time::now()).into_iter();
    let of_source = tables.filter(|table| table.source.as_str() == source);
    let ids: Vec<_> = of_source.filter_map(|table| Some(table.row?.id.clone())).collect();
    if ids.is_empty() {
        return Err(Error::invalid(format!("No table of {source} is registered")));
    }
    trigger_sync(store, runner, admin, ids).await
}

/// Past runs, newest first.
#[derive(Debug)]
pub struct History {
    pub runs: Vec<RunSummary>,
    /// `before` of the next page; `None` at the end.
    pub next: Option<String>,
}

/// Returns up to `limit` finished runs, newest first. `before` is the `next` of the previous page.
pub async fn history(
    store: &Store,
    runner: &Runner,
    _: &Admin,
    before: Option<String>,
    limit: usize,
) -> Result<History> {
    let live: Vec<_> = runner.live().into_iter().map(|run| run.id).collect();
    // One more shows whether there is another page, and another one may be the current run.
    let stored = store.read(move |connection| sync_runs::summaries(connection, before.as_deref(), limit + 2)).await?;
    let mut runs: Vec<_> = stored.into_iter().filter(|run| !live.contains(&run.id)).collect();
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| has_more).map(|run| run.id.clone());
    Ok(History { runs, next })
}

/// Runs on a page, by default and at most.
pub const DEFAULT_RUNS: usize = 20;
pub const MAX_RUNS: usize = 200;

/// Returns up to `limit` runs, newest first, queued and current ones included. `before` is the `next` of the previous
/// page.
pub async fn list_runs(
    store: &Store,
    runner: &Runner,
    _: &Admin,
    before: Option<String>,
    limit: usize,
) -> Result<RunPage> {
    let mut runs = if before.is_none() { runner.live() } else { Vec::new() };
    // One more than requested shows whether there is another page. The current run is stored, too.
    let stored = store.read(move |connection| sync_runs::list(connection, before.as_deref(), limit + 1)).await?;
    let live: Vec<_> = runs.iter().map(|run| run.id.clone()).collect();
    runs.extend(stored.into_iter().map(Run::from).filter(|run| !live.contains(&run.id)));
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| has_more).map(|run| run.id.clone());
    Ok(RunPage { count: runs.len(), runs, next })
}

/// Cancels a run. A queued one is removed. The current one ends as soon as its step can be ended, and returns before that;
/// what was published stays.
pub async fn cancel_run(store: &Store, runner: &Arc<Runner>, admin: &Admin, id: String) -> Result<Run> {
    let over = || Error::conflict("This run is over");
    let run = get_run(store, runner, admin, id.clone()).await?;
    if run.status.is_over() {
        return Err(over());
    }
    let by = admin.user().email.clone();
    let cancelled = Run {
        status: RunStatus::Cancelled,
        finished_at: Some(time::iso_naive(time::now())),
        cancelled_by: Some(by.clone()),
        ..run
    };
    let (actor, run, runs) = (admin.actor(), cancelled.clone(), Arc::clone(runner));
    let was_queued = write_as(store, admin.clone(), move |change| {
        let is_queued = runs.live().iter().any(|live| live.id == run.id && live.status == RunStatus::Queued);
        let details = json!({ "status": if is_queued { RunStatus::Queued } else { RunStatus::Running } });
        audit::record(change, &actor, Action::SyncCancel, &format!("sync_run:{}", run.id), details)?;
        if is_queued {
            // It is in the history before it leaves the queue, so that it can be found at any time.
            sync_runs::put(change, &run.into())?;
        } else if !runs.cancel(&run.id, &by) {
            return Err(Error::conflict("This run is over, or cancelled already"));
        }
        Ok(is_queued)
    });
    if was_queued.await? {
        // Meanwhile it may have begun.
        let is_gone = runner.withdraw(&id) || runner.cancel(&id, &admin.user().email);
        return if is_gone { Ok(cancelled) } else { Err(over()) };
    }
    get_run(store, runner, admin, id).await
}

/// Returns one run.
pub async fn get_run(store: &Store, runner: &Runner, _: &Admin, id: String) -> Result<Run> {
    if let Some(run) = runner.live().into_iter().find(|run| run.id == id) {
        return Ok(run);
    }
    let run = store.read(move |connection| sync_runs::get(connection, &id)).await?;
    run.map(Run::from).ok_or_else(|| Error::not_found("Sync run not found; old runs are deleted after a while"))
}
