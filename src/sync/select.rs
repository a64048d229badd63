//! Which registered tables a run extracts, and by which connector.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use crate::base::schedule::Schedule;
use crate::connectors::{Request, TableRequest};
use crate::extract::Publication;
use crate::store::Snapshot;
use crate::store::registry::Table;

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
    all.filter(|table| source_of(table) == Some(source)).map(|table| table.name.clone()).collect()
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
        if !tables.is_empty() {
            requests.insert(source, Request { tables, keep: Some(registered(snapshot, source)), asked_by: None });
        }
    }
    requests
}

fn source_of(table: &Table) -> Option<&str> {
    match (table.query_mode.as_deref(), table.source_type.as_deref()) {
        (Some("remote" | "materialized"), _) => None,
        (_, None | Some("")) => Some("local"),
        (_, source) => source,
    }
}

/// A `local` table may as well come from an extract that somebody else writes.
fn published_elsewhere(table: &Table, source: &str, publication: &Publication) -> bool {
    source == "local" && publication.get(&table.name).is_some_and(|published| published.source != source)
}

fn is_wanted(table: &Table, snapshot: &Snapshot, wanted: &Wanted, now: Timestamp) -> bool {
    match wanted {
        Wanted::Ids(ids) => ids.contains(&table.id),
        Wanted::Due => {
            let Some(text) = table.sync_schedule.as_deref().filter(|text| !text.is_empty()) else { return true };
            let Some(schedule) = Schedule::parse(text) else {
                tracing::warn!(table = table.name, schedule = text, "malformed schedule; the table counts as due");
                return true;
            };
            schedule.is_due(snapshot.sync.get(&table.name).and_then(|state| state.last_sync), now)
        }
    }
}
