//! How each source is.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::orchestrator::Problem;
use crate::base::time;
use crate::extract::Publication;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceHealth {
    pub source: String,
    /// Tables that it publishes.
    pub tables: usize,
    /// What is wrong with it, or with its tables; empty: nothing.
    pub problems: Vec<String>,
    /// Since when something is.
    pub since: Option<Timestamp>,
}

/// As a rebuild left it; `before` tells since when.
pub(super) fn health(before: &[SourceHealth], publication: &Publication, problems: &[Problem]) -> Vec<SourceHealth> {
    let mut sources: BTreeMap<&str, SourceHealth> = BTreeMap::new();
    for table in publication.tables() {
        sources.entry(&table.source).or_default().tables += 1;
    }
    for Problem { source, table, error } in problems {
        let text = table.as_ref().map_or_else(|| error.clone(), |table| format!("{table}: {error}"));
        sources.entry(source).or_default().problems.push(text);
    }
    let known = |source: &str| before.iter().find(|known| known.source == source)?.since;
    sources
        .into_iter()
        .map(|(source, health)| {
            let since = (!health.problems.is_empty()).then(|| known(source).unwrap_or_else(time::now));
            SourceHealth { source: source.to_owned(), since, ..health }
        })
        .collect()
}
