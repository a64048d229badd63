//! Search in the catalog: tables with their columns, and metrics, within what the caller may see.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crate::access::{Principal, listed_tables, may_see_metric};
use crate::base::locked;
use crate::domain::tables::described;
use crate::extract::{self, Publication, PublishedTable};
use crate::openmetadata::OpenMetadata;
use crate::protocol::search::{CatalogMatch, CatalogMatches, ColumnMatch, MetricMatch, TableMatch};
use crate::search::{Column, Entry, Index};
use crate::store::Snapshot;
use crate::store::metrics::Metric;

/// Columns that are shown of each table.
const MAX_COLUMNS: usize = 5;

/// Finds tables and metrics. The index of the last search serves the next ones until something changes.
pub struct CatalogSearch {
    openmetadata: OpenMetadata,
    last: Mutex<Option<Arc<Catalog>>>,
}

/// What somebody searches for.
pub struct Search<'a> {
    pub query: &'a str,
    /// How many matches are returned,
    pub limit: usize,
    /// after so many better ones.
    pub offset: usize,
}

impl CatalogSearch {
    pub fn new(openmetadata: OpenMetadata) -> Self {
        Self { openmetadata, last: Mutex::default() }
    }

    /// Finds what matches, the best first. Blocks.
    pub fn search(
        &self,
        snapshot: &Arc<Snapshot>,
        publication: &Arc<Publication>,
        caller: &Principal,
        search: &Search<'_>,
    ) -> CatalogMatches {
        let catalog = self.catalog(snapshot, publication);
        let listed = listed_tables(snapshot, publication, caller);
        // So that what is out of date is asked for again.
        listed.iter().for_each(|table| drop(self.openmetadata.about(&table.id)));
        let listed: HashSet<_> = listed.iter().map(|table| table.name.as_str()).collect();
        let is_visible = catalog.subjects.iter().map(|subject| match subject {
            Subject::Table(table) => listed.contains(table.name.as_str()),
            Subject::Metric(metric) => may_see_metric(snapshot, caller, metric),
        });
        let is_visible: Vec<_> = is_visible.collect();
        let found = catalog.index.search(search.query, &is_visible, search.limit, search.offset);
        let matches = found.hits.iter().map(|hit| catalog.subjects[hit.entry].shown(&hit.columns));
        CatalogMatches { matches: matches.collect(), total: found.total }
    }

    fn catalog(&self, snapshot: &Arc<Snapshot>, publication: &Arc<Publication>) -> Arc<Catalog> {
        let mut last = locked(&self.last);
        let known = self.openmetadata.version();
        match last.as_ref().filter(|catalog| catalog.is_current(snapshot, publication, known)) {
            Some(catalog) => Arc::clone(catalog),
            None => {
                let catalog = Catalog::new(Arc::clone(snapshot), publication, &self.openmetadata, known);
                Arc::clone(last.insert(Arc::new(catalog)))
            }
        }
    }
}

/// Everything that can be found, whoever may see it, as of one state and one publication.
struct Catalog {
    snapshot: Arc<Snapshot>,
    generation: u64,
    /// Version of what OpenMetadata says.
    known: u64,
    subjects: Vec<Subject>,
    index: Index,
}

impl Catalog {
    fn new(snapshot: Arc<Snapshot>, publication: &Publication, openmetadata: &OpenMetadata, known: u64) -> Self {
        let found_table =
            |name: &str, published: Option<&PublishedTable>| found_table(&snapshot, name, published, openmetadata);
        let published = publication.tables().map(|table| found_table(&table.name, Some(table)));
        let unpublished = snapshot.registry.all().into_iter().filter(|row| publication.get(&row.name).is_none());
        let tables = published.chain(unpublished.map(|row| found_table(&row.name, None)));
        let metrics = snapshot.metrics.values().cloned().map(Subject::Metric);
        let subjects: Vec<_> = tables.map(Subject::Table).chain(metrics).collect();
        Self {
            generation: publication.generation,
            known,
            index: Index::new(subjects.iter().map(Subject::entry)),
            subjects,
            snapshot,
        }
    }

    /// Returns whether nothing that is searched has changed.
    fn is_current(&self, snapshot: &Snapshot, publication: &Publication, known: u64) -> bool {
        (self.generation, self.known) == (publication.generation, known)
            && Arc::ptr_eq(&self.snapshot.registry, &snapshot.registry)
            && Arc::ptr_eq(&self.snapshot.metrics, &snapshot.metrics)
            && Arc::ptr_eq(&self.snapshot.descriptions, &snapshot.descriptions)
    }
}

enum Subject {
    /// With all its columns.
    Table(TableMatch),
    Metric(Arc<Metric>),
}

impl Subject {
    fn entry(&self) -> Entry {
        match self {
            Self::Table(table) => {
                let column = |column: &ColumnMatch| Column {
                    name: column.name.clone(),
                    description: column.description.clone(),
                };
                Entry {
                    names: vec![table.name.clone()],
                    descriptions: table.description.iter().cloned().collect(),
                    columns: table.columns.iter().map(column).collect(),
                }
            }
            Self::Metric(metric) => {
                let metric = &metric.definition;
                let names = [&metric.display_name, &metric.name].into_iter().chain(metric.synonyms.iter().flatten());
                let about = [&metric.category].into_iter().chain(&metric.description);
                let about = about.chain(metric.notes.iter().flatten()).chain(metric.dimensions.iter().flatten());
                Entry { names: names.cloned().collect(), descriptions: about.cloned().collect(), columns: Vec::new() }
            }
        }
    }

    fn shown(&self, columns: &[usize]) -> CatalogMatch {
        match self {
            Self::Table(table) => {
                let columns = columns.iter().take(MAX_COLUMNS).map(|column| table.columns[*column].clone());
                CatalogMatch::Table(TableMatch { columns: columns.collect(), ..table.clone() })
            }
            Self::Metric(metric) => {
                let metric = &metric.definition;
                CatalogMatch::Metric(MetricMatch {
                    id: metric.id.clone(),
                    display_name: metric.display_name.clone(),
                    description: metric.description.clone(),
                    unit: metric.unit.clone(),
                    table: metric.table_name.clone(),
                    dimensions: metric.dimensions.clone().unwrap_or_default(),
                })
            }
        }
    }
}

fn found_table(
    snapshot: &Snapshot,
    name: &str,
    published: Option<&PublishedTable>,
    openmetadata: &OpenMetadata,
) -> TableMatch {
    let registered = snapshot.registry.by_name(name);
    let id = registered.map_or(name, |row| &row.id);
    let about = openmetadata.about(id);
    let mut texts = described::columns(snapshot, id, name, about.as_deref());
    let column = |column: &extract::Column| ColumnMatch {
        name: column.name.clone(),
        column_type: column.column_type.clone(),
        description: texts.remove(&column.name.to_lowercase()),
    };
    TableMatch {
        id: id.to_owned(),
        name: name.to_owned(),
        description: described::description(registered.map(AsRef::as_ref), published, about.as_deref()),
        source_type: registered.and_then(|row| row.source_type.clone()),
        query_mode: registered.and_then(|row| row.query_mode.clone()),
        columns: published.iter().flat_map(|table| table.columns.iter()).map(column).collect(),
    }
}
