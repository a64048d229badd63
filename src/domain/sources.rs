//! How things stand with each source.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::registry::overview::{Condition, TableState};
use crate::connectors::Sources;
use crate::protocol::vocabulary::SourceType;
use crate::sync::SourceHealth;

/// A source, and the tables that come from it.
#[derive(Clone, Debug, Default)]
pub struct SourceState {
    /// What people call it.
    pub title: String,
    /// Address or credentials that are missing.
    pub lacks: Option<String>,
    /// How many of its tables are registered, published, failed at the last sync, and late.
    pub registered: usize,
    pub published: usize,
    pub failed: usize,
    pub late: usize,
    pub last_success: Option<Timestamp>,
    pub next_sync: Option<Timestamp>,
    /// What is wrong now, the source itself first.
    pub problems: Vec<String>,
    /// Since when something is wrong with what it publishes.
    pub since: Option<Timestamp>,
}

/// Every source that is provided, publishes, or has one of `tables`, which are all there are. `health` is that of the last
/// publication.
pub fn states(tables: &[TableState], sources: &Sources, health: &[SourceHealth]) -> BTreeMap<SourceType, SourceState> {
    let mut states: BTreeMap<SourceType, SourceState> = BTreeMap::new();
    for source in sources.iter() {
        let state = states.entry(source.kind()).or_default();
        state.title = source.title();
        state.lacks = source.ready().err().map(|error| error.to_string());
    }
    for source in health {
        let state = states.entry(SourceType::from(source.source.as_str())).or_default();
        state.problems.clone_from(&source.problems);
        state.since = source.since;
    }
    for table in tables {
        let state = states.entry(table.source.clone()).or_default();
        state.registered += usize::from(table.row.is_some());
        state.published += usize::from(table.published.is_some());
        state.failed += usize::from(table.condition == Condition::Failed);
        state.late += usize::from(table.condition == Condition::Late);
        state.last_success = state.last_success.max(table.last_sync);
        state.next_sync = match (state.next_sync, table.next_sync) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if let Some(text) = table.error.as_ref().map(|error| format!("{}: {error}", table.name))
            && !state.problems.contains(&text)
        {
            state.problems.push(text);
        }
    }
    for (kind, state) in &mut states {
        if state.title.is_empty() {
            state.title = kind.as_str().to_owned();
        }
    }
    states
}
