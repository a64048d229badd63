//! Who read which tables.

mod recent;

pub use recent::{RecentRead, recent_reads};

use std::sync::Arc;

use crate::access::{Admin, Principal};
use crate::access_log::{AccessLog, Filter};
use crate::domain::{Error, Result};
use crate::protocol::access_log::AccessLogPage;

/// Most entries of one answer.
pub const MAX_ENTRIES: usize = 1_000;

/// Returns the newest entries that match, newest first.
pub async fn search_access_log(log: &Arc<AccessLog>, _: &Admin, filter: Filter, limit: usize) -> Result<AccessLogPage> {
    search(log, filter, limit).await
}

/// Returns the caller's own newest entries, newest first.
pub async fn own_accesses(log: &Arc<AccessLog>, caller: &Principal, limit: usize) -> Result<AccessLogPage> {
    search(log, Filter { user_id: Some(caller.user().id.clone()), ..Filter::default() }, limit).await
}

async fn search(log: &Arc<AccessLog>, filter: Filter, limit: usize) -> Result<AccessLogPage> {
    let (log, dropped) = (Arc::clone(log), log.dropped());
    let search = tokio::task::spawn_blocking(move || log.search(&filter, limit.clamp(1, MAX_ENTRIES)));
    let found = search.await.map_err(std::io::Error::other).flatten().map_err(Error::File)?;
    Ok(AccessLogPage { entries: found.entries, truncated: found.truncated, dropped })
}
