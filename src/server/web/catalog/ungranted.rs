use minijinja::{Value, context};

use crate::access::{Principal, UngrantedTable};
use crate::domain::tables::ungranted;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult};

/// The value of `show` in the address.
pub const FILTER: &str = "ungranted";

const COLUMNS: &[(&str, &str)] = &[("name", "Table"), ("", "")];

/// `GET /catalog?show=ungranted`: names of tables to ask for, where the instance shows them.
pub async fn show(person: &Principal, page: &PageContext, list: &Listing) -> PageResult {
    let app = &page.app;
    let mut tables = ungranted(&app.store, &app.orchestrator.publication(), &app.instance(), person).await?;
    let has_tables = !tables.is_empty();
    tables
        .retain(|(table, _)| list.matches(&[&table.id, &table.name, table.description.as_deref().unwrap_or_default()]));
    list.sort(&mut tables, "name", |_, (one, _), (other, _)| one.name.to_lowercase().cmp(&other.name.to_lowercase()));
    let rows: Vec<Value> = list.page(&tables).iter().map(row).collect();
    page.render(
        "ungranted_tables.html",
        context! { rows, has_tables, list => list.values(tables.len(), COLUMNS, "name") },
    )
}

fn row((table, is_asked): &(UngrantedTable, bool)) -> Value {
    let UngrantedTable { id, name, description } = table;
    context! { id, name, description, is_asked }
}
