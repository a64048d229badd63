//! The tables that a person may read.

pub mod requests;
pub mod table;
mod ungranted;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use minijinja::{Value, context};

use super::listing::Listing;
use super::{PageContext, PageResult, SignedIn};
use crate::access::Principal;
use crate::base::time;
use crate::domain::search::Search;
use crate::domain::tables::{catalog, is_stale, shows_ungranted};
use crate::protocol::search::{CatalogMatch, CatalogMatches};
use crate::protocol::v2::CatalogEntry;
use crate::protocol::vocabulary::QueryMode;
use crate::server::ApiError;

const COLUMNS: &[(&str, &str)] = &[
    ("name", "Table"),
    ("source", "Source"),
    ("rows", "Rows"),
    ("size", "Size"),
    ("columns", "Columns"),
    ("sync", "Updated"),
];

/// More matches than anybody reads.
const MAX_MATCHES: usize = 200;
/// Characters of a search that count.
const MAX_QUERY: usize = 500;

/// `GET /catalog`
pub async fn show_catalog(SignedIn(person): SignedIn, page: PageContext, list: Listing) -> PageResult {
    let app = &page.app;
    let shows_ungranted = shows_ungranted(&app.instance());
    if shows_ungranted && list.filter("show") == Some(ungranted::FILTER) {
        return ungranted::show(&person, &page, &list).await;
    }
    let tables = catalog(&app.store.snapshot(), &app.orchestrator.publication(), &person, &app.openmetadata).tables;
    let now = time::now();
    let sources: BTreeSet<String> = tables.iter().map(|table| table.source_type.to_string()).collect();
    let sources: Vec<_> = sources.into_iter().map(|source| vec![source.clone(), source]).collect();
    let (has_tables, mut metrics, mut ranks, mut left_out) = (!tables.is_empty(), Vec::new(), None, 0);
    if let Some(query) = list.filter("q") {
        let found = search(&page, &person, query.chars().take(MAX_QUERY).collect()).await?;
        left_out = found.total.saturating_sub(found.matches.len());
        let mut order = HashMap::new();
        for (rank, found) in found.matches.into_iter().enumerate() {
            match found {
                CatalogMatch::Table(table) => drop(order.insert(table.id, (rank, table.columns))),
                CatalogMatch::Metric(metric) => metrics.push(
                    context! { id => metric.id, name => metric.display_name, description => metric.description, unit => metric.unit },
                ),
            }
        }
        ranks = Some(order);
    }
    let mut tables: Vec<CatalogEntry> = tables
        .into_iter()
        .filter(|table| ranks.as_ref().is_none_or(|ranks| ranks.contains_key(&table.id)))
        .filter(|table| list.filter("source").is_none_or(|source| source == table.source_type.as_str()))
        .filter(|table| list.filter("state").is_none_or(|state| state == Freshness::of(table, now).filter()))
        .collect();
    let rank = |table: &CatalogEntry| ranks.as_ref().and_then(|ranks| ranks.get(&table.id)).map(|(rank, _)| *rank);
    let usual = if ranks.is_some() { "rank" } else { "name" };
    list.sort(&mut tables, usual, |column, one, other| match column {
        "source" => one.source_type.as_str().cmp(other.source_type.as_str()),
        "rows" => one.rows.cmp(&other.rows),
        "size" => one.size_bytes.cmp(&other.size_bytes),
        "columns" => one.columns.cmp(&other.columns),
        "sync" => one.last_sync.cmp(&other.last_sync),
        "rank" => rank(one).cmp(&rank(other)),
        _ => one.name.to_lowercase().cmp(&other.name.to_lowercase()),
    });
    let rows = list.page(&tables).iter().map(|table| {
        let matched = ranks.as_ref().and_then(|ranks| ranks.get(&table.id)).map(|(_, columns)| columns);
        let matched: Vec<String> = matched.into_iter().flatten().map(|column| column.name.clone()).collect();
        context! { matched, ..entry(table, now) }
    });
    let values = context! {
        rows => rows.collect::<Vec<Value>>(),
        list => list.values(tables.len(), COLUMNS, usual),
        metrics, has_tables, sources, shows_ungranted, left_out,
    };
    page.render("catalog.html", values)
}

async fn search(page: &PageContext, person: &Principal, query: String) -> PageResult<CatalogMatches> {
    let turn = page.app.people.searches.take(&person.user().id)?;
    let (app, person) = (page.app.clone(), person.clone());
    let found = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
        let search = Search { query: &query, limit: MAX_MATCHES, offset: 0 };
        app.search.search(&snapshot, &publication, &person, &search)
    });
    Ok(found.await.map_err(ApiError::internal)?)
}

/// How current the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Read from the source within a day,
    Fresh,
    /// or longer ago.
    Stale,
    /// Queries read the source itself.
    Live,
    /// Nothing is published yet.
    Missing,
}

impl Freshness {
    pub fn of(table: &CatalogEntry, now: Timestamp) -> Self {
        match table.last_sync.as_deref().and_then(time::parse) {
            _ if table.query_mode == QueryMode::Remote => Self::Live,
            Some(last) if is_stale(last, now) => Self::Stale,
            Some(_) => Self::Fresh,
            None if table.rows.is_some() => Self::Fresh,
            None => Self::Missing,
        }
    }

    /// Its value in the address.
    fn filter(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Live => "live",
            Self::Missing => "missing",
        }
    }

    /// Text and kind of its badge.
    fn badge(self) -> (&'static str, &'static str) {
        match self {
            Self::Fresh => ("fresh", "good"),
            Self::Stale => ("older than a day", "warning"),
            Self::Live => ("live", "plain"),
            Self::Missing => ("no data yet", "bad"),
        }
    }
}

/// A table as lists show it.
pub fn entry(table: &CatalogEntry, now: Timestamp) -> Value {
    let (state, kind) = Freshness::of(table, now).badge();
    let CatalogEntry { id, name, description, rows, size_bytes, columns, last_sync, tier, .. } = table;
    let source = table.source_type.as_str();
    context! { id, name, description, source, rows, size_bytes, columns, last_sync, tier, state, kind }
}
