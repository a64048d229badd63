//! Problems of a rebuild, and what they say about each source.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::base::time;
use crate::extract::Publication;

/// Something that was not published as it should be. What was published before stays, where there was something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub source: String,
    /// `None`: the whole source.
    pub table: Option<String>,
    pub error: String,
}

impl Problem {
    /// A problem of a whole source.
    pub(super) fn of(source: &str, error: String) -> Self {
        Self { source: source.to_owned(), table: None, error }
    }

    fn text(&self) -> String {
        self.table.as_ref().map_or_else(|| self.error.clone(), |table| format!("{table}: {}", self.error))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceHealth {
    pub source: String,
    /// Number of tables that it publishes.
    pub tables: usize,
    /// Problems of the source and of its tables.
    pub problems: Vec<String>,
    /// When the first of these problems occurred.
    pub since: Option<Timestamp>,
}

impl SourceHealth {
    /// Returns whether it had this problem.
    pub(super) fn has(&self, problem: &Problem) -> bool {
        self.source == problem.source && self.problems.contains(&problem.text())
    }
}

/// The health of each source after a rebuild; `previous` says since when there are problems.
pub(super) fn health(previous: &[SourceHealth], publication: &Publication, problems: &[Problem]) -> Vec<SourceHealth> {
    let mut sources: BTreeMap<&str, SourceHealth> = BTreeMap::new();
    for table in publication.tables() {
        sources.entry(&table.source).or_default().tables += 1;
    }
    for problem in problems {
        sources.entry(&problem.source).or_default().problems.push(problem.text());
    }
    let known = |source: &str| previous.iter().find(|known| known.source == source)?.since;
    sources
        .into_iter()
        .map(|(source, health)| {
            let since = (!health.problems.is_empty()).then(|| known(source).unwrap_or_else(time::now));
            SourceHealth { source: source.to_owned(), since, ..health }
        })
        .collect()
}
