use std::collections::HashSet;

use serde_json::json;

use crate::access::Admin;
use crate::domain::Error;
use crate::protocol::sync::Triggered;
use crate::store::Store;
use crate::store::audit::{self, Action};
use crate::sync::Runner;

/// Starts a sync of the tables with these registry ids, or, without any, of everything that is due. While a run is in
/// progress, the request is merged into the next one.
pub async fn trigger_sync(store: &Store, runner: &Runner, admin: &Admin, ids: Vec<String>) -> Result<Triggered, Error> {
    let everything = ids.is_empty();
    let tables = if everything { json!("all") } else { json!(ids) };
    let snapshot = store.snapshot();
    let (known, unknown): (HashSet<_>, HashSet<_>) =
        ids.iter().cloned().partition(|id| snapshot.registry.get(id).is_some());
    let unknown = ids.into_iter().filter(|id| unknown.contains(id)).collect();
    let (actor, details) = (admin.actor(), json!({ "tables": tables }));
    store.write(move |change| audit::record(change, &actor, Action::SyncTrigger, "sync", details)).await?;
    let requested = if everything { None } else { Some(known) };
    let has_work = requested.as_ref().is_none_or(|ids| !ids.is_empty());
    let run_id = has_work.then(|| runner.trigger(requested, Some(&admin.user().email)));
    let message = match has_work {
        true => "Data sync started in background. Check /api/sync/runs for progress.",
        false => "Nothing was started: none of these ids is registered.",
    };
    Ok(Triggered { status: "triggered".into(), tables, message: message.into(), run_id, unknown })
}
