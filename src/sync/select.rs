//! Which registered tables a run fetches, and from which source.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use super::table_backoff::TableBackoff;
use crate::base::schedule::Schedule;
use crate::connectors::{Request, Source, Sources, TableRequest};
use crate::extract::Publication;
use crate::protocol::vocabulary::{QueryMode, SourceType};
use crate::store::Snapshot;
use crate::store::registry::Table;

/// When a materialized table without a schedule is due.
const HOURLY: &str = "every 1h";

/// The registry ids that a run was requested for, due or not; `None`: every table that is due.
#[derive(Clone, Debug, Default)]
pub(super) struct RunScope(pub(super) Option<BTreeSet<String>>);

impl RunScope {
    pub(super) fn is_of_due(&self) -> bool {
        self.0.is_none()
    }

    /// Both requests in one run.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0.zip(other.0).map(|(ids, more)| ids.into_iter().chain(more).collect()))
    }

    /// Returns whether the table is requested by its id or, if everything that is due is, `is_due`.
    pub(super) fn covers(&self, table: &Table, is_due: impl FnOnce() -> bool) -> bool {
        self.0.as_ref().map_or_else(is_due, |ids| ids.contains(&table.id))
    }

    /// Returns whether something is requested of a connector that publishes these tables.
    pub(super) fn names_one_of(&self, tables: &[String], snapshot: &Snapshot) -> bool {
        let Some(ids) = &self.0 else { return true };
        let mut names = ids.iter().filter_map(|id| Some(&snapshot.registry.get(id)?.name));
        names.any(|name| tables.iter().any(|table| table.eq_ignore_ascii_case(name)))
    }
}

/// Whether a source fetches a table, or shows it without fetching it.
enum Part {
    Fetched,
    Shown,
}

/// What becomes of a table of the source in its extract; `None`: it has no place there.
fn part(source: &SourceType, table: &Table) -> Option<Part> {
    match table.mode() {
        _ if table.source() != source => None,
        QueryMode::Materialized => None,
        QueryMode::Remote => Some(Part::Shown),
        QueryMode::Local | QueryMode::Unknown(_) => Some(Part::Fetched),
    }
}

/// The names of all tables that are registered for a source and have a place in its extract.
pub(super) fn registered(snapshot: &Snapshot, source: &SourceType) -> HashSet<String> {
    let all = snapshot.registry.all().into_iter();
    all.filter(|table| part(source, table).is_some()).map(|table| table.name.clone()).collect()
}

/// What the extractor of each source fetches. Sources without anything to do are left out.
pub(super) fn select<'a>(
    sources: &'a Sources,
    snapshot: &Snapshot,
    publication: &Publication,
    scope: &RunScope,
    now: Timestamp,
) -> Vec<(&'a dyn Source, Request)> {
    let request = |source: &dyn Source| {
        let (mut fetched, mut shown, mut is_shown_requested) = (Vec::new(), Vec::new(), scope.is_of_due());
        for table in snapshot.registry.all() {
            match part(&source.kind(), table) {
                Some(Part::Fetched) => {
                    let is_requested = scope.covers(table, || is_due(table, "", snapshot, now));
                    if is_requested && !is_published_elsewhere(table, publication) {
                        fetched.push(TableRequest::from_registry(table));
                    }
                }
                Some(Part::Shown) if source.query_modes().contains(&QueryMode::Remote) => {
                    is_shown_requested |= scope.covers(table, || true);
                    shown.push(TableRequest::from_registry(table));
                }
                Some(Part::Shown) | None => {}
            }
        }
        // Showing a table costs one look, so all of them are shown whenever something is fetched or one is requested.
        let is_needed = !fetched.is_empty() || !shown.is_empty() && is_shown_requested;
        fetched.append(&mut shown);
        is_needed.then(|| Request { tables: fetched, keep: Some(registered(snapshot, &source.kind())), asked_by: None })
    };
    sources.iter().filter_map(|source| Some((source, request(source)?))).collect()
}

/// Source → its materialized tables that are due. Those that failed are delayed.
pub(super) fn select_materialized(
    snapshot: &Snapshot,
    scope: &RunScope,
    backoff: &TableBackoff,
    now: Timestamp,
) -> BTreeMap<SourceType, Request> {
    let mut requests: BTreeMap<SourceType, Request> = BTreeMap::new();
    for table in snapshot.registry.all().into_iter().filter(|table| table.is_materialized()) {
        if scope.covers(table, || is_due(table, HOURLY, snapshot, now) && !backoff.delays(&table.id, now)) {
            requests.entry(table.source().clone()).or_default().tables.push(TableRequest::from_registry(table));
        }
    }
    requests
}

/// Returns whether a table without a source of its own comes from the extract of another source.
fn is_published_elsewhere(table: &Table, publication: &Publication) -> bool {
    let source = table.source();
    let publisher = publication.get(&table.name).map(|published| published.source.as_str());
    *source == SourceType::LOCAL && publisher.is_some_and(|publisher| publisher != source.as_str())
}

/// By its schedule, or by `default` where it has none; without any it is due each time.
fn is_due(table: &Table, default: &str, snapshot: &Snapshot, now: Timestamp) -> bool {
    let text = table.sync_schedule.as_deref().filter(|text| !text.is_empty()).unwrap_or(default);
    let Some(schedule) = Schedule::parse(text) else {
        if !text.is_empty() {
            tracing::warn!(table = table.name, schedule = text, "malformed schedule; the table counts as due");
        }
        return true;
    };
    schedule.is_due(snapshot.sync.get(&table.name).and_then(|state| state.last_sync), now)
}
