//! Which registered tables a run extracts, and by which connector.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::base::backoff::Backoff;
use crate::base::schedule::Schedule;
use crate::connectors::{Request, TableRequest};
use crate::extract::Publication;
use crate::protocol::vocabulary::{QueryMode, SourceType};
use crate::store::Snapshot;
use crate::store::registry::Table;

/// Delays after a materialized table failed.
const BACKOFF: Backoff = Backoff { initial: Duration::from_mins(5), max: Duration::from_mins(60) };
/// The sources that have an extractor here.
pub(super) const SOURCES: [&str; 2] = ["keboola", "local"];

/// What a run was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Every table that is due.
    Due,
    /// These registry ids, due or not.
    Ids(HashSet<String>),
}

impl Wanted {
    /// These ids, or without any what is due.
    pub(super) fn of(ids: Option<HashSet<String>>) -> Self {
        ids.map_or(Self::Due, Self::Ids)
    }

    /// The ids in order; none for what is due.
    pub(super) fn ids(&self) -> Option<Vec<String>> {
        let Self::Ids(ids) = self else { return None };
        let mut ids: Vec<_> = ids.iter().cloned().collect();
        ids.sort();
        Some(ids)
    }

    /// Both requests in one run.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ids(mut ids), Self::Ids(more)) => {
                ids.extend(more);
                Self::Ids(ids)
            }
            _ => Self::Due,
        }
    }
}

/// The names of all tables that are registered for a source.
pub(super) fn registered(snapshot: &Snapshot, source: &str) -> HashSet<String> {
    let all = snapshot.registry.all().into_iter();
    all.filter(|table| source_of(table) == Some(source) || is_remote_of(table, source))
        .map(|table| table.name.clone())
        .collect()
}

/// Source → what its extractor shall fetch. Sources without anything to do are left out.
pub(super) fn select(
    snapshot: &Snapshot,
    publication: &Publication,
    wanted: &Wanted,
    now: Timestamp,
) -> BTreeMap<&'static str, Request> {
    let mut requests = BTreeMap::new();
    for source in SOURCES {
        let tables: Vec<TableRequest> = snapshot
            .registry
            .all()
            .into_iter()
            .filter(|table| source_of(table) == Some(source) && !published_elsewhere(table, source, publication))
            .filter(|table| is_wanted(table, snapshot, wanted, now))
            .map(|table| TableRequest::from_registry(table))
            .collect();
        let remote = remote_of(snapshot, source);
        // What stays at its source costs one look; it is looked at whenever something is fetched, or it was asked for.
        let is_asked = matches!(wanted, Wanted::Due) || remote.iter().any(|table| is_named(wanted, &table.id));
        if !tables.is_empty() || !remote.is_empty() && is_asked {
            let tables = tables.into_iter().chain(remote).collect();
            requests.insert(source, Request { tables, keep: Some(registered(snapshot, source)), asked_by: None });
        }
    }
    requests
}

/// When a materialized table without a schedule is due.
const HOURLY: &str = "every 1h";

/// Source → its materialized tables that are due. Those that failed wait as long as `pauses` says.
pub(super) fn select_materialized(
    snapshot: &Snapshot,
    wanted: &Wanted,
    pauses: &Pauses,
    now: Timestamp,
) -> BTreeMap<String, Request> {
    let mut requests: BTreeMap<String, Request> = BTreeMap::new();
    let all = snapshot.registry.all().into_iter();
    for table in all.filter(|table| table.is_materialized()) {
        let is_due = match wanted {
            Wanted::Ids(ids) => ids.contains(&table.id),
            Wanted::Due => is_due(table, HOURLY, snapshot, now) && !pauses.has(&table.id, now),
        };
        if is_due {
            requests.entry(table.source().clone().into()).or_default().tables.push(TableRequest::from_registry(table));
        }
    }
    requests
}

/// How long what failed is left alone: longer after each failure, up to an hour.
#[derive(Debug, Default)]
pub(super) struct Pauses(HashMap<String, (u32, Timestamp)>);

impl Pauses {
    fn has(&self, id: &str, now: Timestamp) -> bool {
        self.0.get(id).is_some_and(|(_, until)| now < *until)
    }

    pub(super) fn failed(&mut self, id: &str, now: Timestamp) {
        let (failures, until) = self.0.entry(id.to_owned()).or_insert((0, now));
        *failures += 1;
        *until = now.checked_add(BACKOFF.delay(*failures)).unwrap_or(now);
    }

    pub(super) fn succeeded(&mut self, id: &str) {
        self.0.remove(id);
    }
}

/// The tables that a source of ours shows without fetching them.
fn remote_of(snapshot: &Snapshot, source: &str) -> Vec<TableRequest> {
    let all = snapshot.registry.all().into_iter();
    all.filter(|table| is_remote_of(table, source))
        .filter(|_| source != SourceType::LOCAL.as_str())
        .map(|table| TableRequest::from_registry(table))
        .collect()
}

fn is_named(wanted: &Wanted, id: &str) -> bool {
    matches!(wanted, Wanted::Ids(ids) if ids.contains(id))
}

fn is_remote_of(table: &Table, source: &str) -> bool {
    *table.mode() == QueryMode::Remote && table.source().as_str() == source
}

fn source_of(table: &Table) -> Option<&str> {
    match table.mode() {
        QueryMode::Remote | QueryMode::Materialized => None,
        _ => Some(table.source().as_str()),
    }
}

/// A `local` table may as well come from an extract that somebody else writes.
fn published_elsewhere(table: &Table, source: &str, publication: &Publication) -> bool {
    source == SourceType::LOCAL.as_str()
        && publication.get(&table.name).is_some_and(|published| published.source != source)
}

fn is_wanted(table: &Table, snapshot: &Snapshot, wanted: &Wanted, now: Timestamp) -> bool {
    match wanted {
        Wanted::Ids(ids) => ids.contains(&table.id),
        Wanted::Due => is_due(table, "", snapshot, now),
    }
}

/// By its schedule, or by `usual` where it has none; without any it is due each time.
fn is_due(table: &Table, usual: &str, snapshot: &Snapshot, now: Timestamp) -> bool {
    let text = table.sync_schedule.as_deref().filter(|text| !text.is_empty()).unwrap_or(usual);
    let schedule = match Schedule::parse(text) {
        Some(schedule) => schedule,
        None if text.is_empty() => return true,
        None => {
            tracing::warn!(table = table.name, schedule = text, "malformed schedule; the table counts as due");
            return true;
        }
    };
    schedule.is_due(snapshot.sync.get(&table.name).and_then(|state| state.last_sync), now)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_end_with_a_success() {
        let mut pauses = Pauses::default();
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        for (failures, minutes) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60)] {
            pauses.failed("t", at(0));
            assert!(pauses.has("t", at(minutes - 1)) && !pauses.has("t", at(minutes)), "{failures} failures");
        }
        pauses.succeeded("t");
        assert!(!pauses.has("t", at(0)));
    }
}
