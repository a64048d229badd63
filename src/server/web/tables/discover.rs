use std::collections::{BTreeMap, HashSet};

use minijinja::{Value, context};
use serde::Deserialize;

use crate::access::Admin;
use crate::domain::discovery::{self, DiscoveryError, Known, discover_tables, register_discovered_tables};
use crate::protocol::discovery::{DiscoveredAndRegistered, DiscoveredTable};
use crate::protocol::vocabulary::SourceType;
use crate::server::auth::next;
use crate::server::http::extractors::Form;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::ticked_tables;
use crate::server::web::formats::{below, path_part};
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

const COLUMNS: &[(&str, &str)] = &[
    ("", "Choose"),
    ("id", "Table"),
    ("rows", "Rows"),
    ("size", "Size"),
    ("", "Columns"),
    ("changed", "Last change"),
    ("", "Here"),
];

/// `GET /admin/discover-tables?source=&next=`
pub async fn show_tables(SignedIn(admin): SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    let sources = &page.app.sources();
    let able: Vec<SourceType> = discovery::able(sources).collect();
    let named = list.filter("source").map(SourceType::from);
    let named = named.filter(|named| able.contains(named)).or_else(|| able.first().cloned());
    let _turn = page.app.people.surveys.take(&admin.user().id)?;
    let (tables, problem) = match &named {
        None => (Vec::new(), None),
        Some(named) => match discover_tables(sources, &admin, Some(named.clone())).await {
            Ok(discovered) => (discovered.tables, None),
            Err(error @ DiscoveryError::List(_)) => (Vec::new(), Some(error.to_string())),
            Err(error) => return Err(error.into()),
        },
    };
    let snapshot = page.app.store.snapshot();
    let known = Known::new(&snapshot.registry);
    let new = tables.iter().filter(|table| known.row(table).is_none()).count();
    let mut tables: Vec<DiscoveredTable> = tables
        .into_iter()
        .filter(|table| list.matches(&[&table.id, &table.name, &table.bucket_name]))
        .filter(|table| match list.filter("state") {
            Some("new") => known.row(table).is_none(),
            Some("registered") => known.row(table).is_some(),
            _ => true,
        })
        .collect();
    list.sort(&mut tables, "id", |column, one, other| match column {
        "rows" => one.row_count.cmp(&other.row_count),
        "size" => one.size_bytes.cmp(&other.size_bytes),
        "changed" => one.last_change.cmp(&other.last_change),
        _ => one.id.cmp(&other.id),
    });
    let rows: Vec<Value> = list.page(&tables).iter().map(|table| row(table, &known)).collect();
    let source = named.as_ref().map(SourceType::as_str);
    let tabs = able.iter().map(|kind| {
        (
            list.address(&[("source", Some(kind.as_str())), ("page", None)]),
            kind.as_str().to_owned(),
            Some(kind.as_str()) == source,
        )
    });
    let tabs = tabs.collect::<Vec<_>>();
    let next = list.filter("next").and_then(next::safe);
    let list = list.values(tables.len(), COLUMNS, "id");
    page.render("discover_tables.html", context! { list, rows, new, source, tabs, problem, next })
}

fn row(table: &DiscoveredTable, known: &Known<'_>) -> Value {
    let registered = known.row(table);
    context! {
        id => &table.id, bucket => &table.bucket_name, rows => table.row_count, size_bytes => table.size_bytes,
        columns => table.columns.len(), names => table.columns.join(", "), last_change => &table.last_change,
        registered => registered.map(|row| &row.name),
        href => registered.map(|row| below("/admin/tables", &row.id)),
    }
}

#[derive(Deserialize)]
pub struct Chosen {
    source: String,
    /// Anything but nothing: all that are new.
    #[serde(default)]
    all: String,
    /// The page to go back to.
    #[serde(default)]
    next: String,
    /// The ids at the source: see [`ticked_tables`].
    #[serde(flatten)]
    ids: BTreeMap<String, String>,
}

/// `POST /admin/discover-tables`
pub async fn submit_tables(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(Chosen { source, all, next, ids }): Form<Chosen>,
) -> PageResult {
    let next = next::safe(&next);
    let back = format!("/admin/discover-tables?source={}", path_part(&source));
    let ids: HashSet<String> = ticked_tables(&ids).collect();
    if all.is_empty() && ids.is_empty() {
        return Ok(page.with_flash(
            redirect(&next::append(&back, next.as_deref())),
            &Flash::Notice("Nothing was chosen.".into()),
        ));
    }
    let chosen = all.is_empty().then_some(ids);
    let _turn = page.app.people.surveys.take(&admin.user().id)?;
    let (store, sources) = (&page.app.store, &page.app.sources());
    let done = register_discovered_tables(store, sources, &admin, Some(source.into()), chosen).await?;
    Ok(page.with_flash(redirect(next.as_deref().unwrap_or("/admin/tables")), &Flash::Notice(summary(&done))))
}

fn summary(done: &DiscoveredAndRegistered) -> String {
    let tables = if done.registered == 1 { "table is" } else { "tables are" };
    let mut text = format!("{} {tables} registered.", done.registered);
    if done.skipped > 0 {
        text += &format!(" {} had been registered before.", done.skipped);
    }
    if !done.renamed.is_empty() {
        text += &format!(" {} got another name, since theirs was taken or is not valid here.", done.renamed.len());
    }
    text + " Their data comes with the next sync."
}
