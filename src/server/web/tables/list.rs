use std::collections::BTreeSet;

use minijinja::{Value, context};

use super::values;
use crate::access::Admin;
use crate::base::time;
use crate::domain::registry::overview::{self, TableState};
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

const COLUMNS: &[(&str, &str)] = &[
    ("name", "Name"),
    ("source", "Source"),
    ("mode", "Mode"),
    ("schedule", "Schedule"),
    ("rows", "Rows"),
    ("synced", "Last sync"),
    ("state", "State"),
    ("", ""),
];

/// `GET /admin/tables`
pub async fn show_tables(_: SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    let (snapshot, publication) = (page.app.store.snapshot(), page.app.orchestrator.publication());
    let tables = overview::tables(&snapshot, &publication, time::now());
    let sources: BTreeSet<_> = tables.iter().map(|table| table.source.as_str().to_owned()).collect();
    let is_chosen = |name: &str, value: &str| list.filter(name).is_none_or(|chosen| chosen == value);
    let mut tables: Vec<TableState> = tables
        .into_iter()
        .filter(|table| is_chosen("source", table.source.as_str()))
        .filter(|table| list.filter("state").is_none_or(|state| state == table.condition.to_string()))
        .filter(|table| {
            let description = table.row.as_ref().and_then(|row| row.description.as_deref()).unwrap_or_default();
            list.matches(&[&table.name, table.row.as_ref().map_or("", |row| &row.id), description])
        })
        .collect();
    list.sort(&mut tables, "name", |column, one, other| match column {
        "source" => one.source.cmp(&other.source),
        "mode" => one.mode.cmp(&other.mode),
        "schedule" => schedule(one).cmp(&schedule(other)),
        "rows" => one.rows().cmp(&other.rows()),
        "synced" => one.last_sync.cmp(&other.last_sync),
        "state" => one.condition.cmp(&other.condition),
        _ => one.name.to_lowercase().cmp(&other.name.to_lowercase()),
    });
    let rows: Vec<Value> = list.page(&tables).iter().map(values).collect();
    let sources: Vec<_> = sources.into_iter().map(|source| (source.clone(), source)).collect();
    page.render("tables.html", context! { list => list.values(tables.len(), COLUMNS, "name"), rows, sources })
}

fn schedule(table: &TableState) -> Option<&str> {
    table.row.as_ref()?.sync_schedule.as_deref()
}
