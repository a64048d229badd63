//! What can follow in a statement.

use axum::Json;
use serde::{Deserialize, Serialize};

use crate::access::readable_tables;
use crate::query::function_names;
use crate::server::http::extractors::Query;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// More than anybody reads.
const MAX: usize = 50;

#[derive(Deserialize)]
pub struct Asked {
    /// What has been typed of the word.
    #[serde(default)]
    word: String,
    /// The rest of the statement: the columns of tables that it names come first.
    #[serde(default)]
    sql: String,
}

#[derive(Serialize)]
pub struct Completion {
    text: String,
    /// `column`, `relation` or `function`.
    kind: &'static str,
    /// Of a column its type and table.
    detail: String,
}

/// `GET /query/complete`
pub async fn complete(
    SignedIn(person): SignedIn,
    page: PageContext,
    Query(asked): Query<Asked>,
) -> PageResult<Json<Vec<Completion>>> {
    let (snapshot, publication) = (page.app.store.snapshot(), page.app.orchestrator.publication());
    let tables = readable_tables(&snapshot, &publication, &person);
    let (word, sql) = (asked.word.to_lowercase(), asked.sql.to_lowercase());
    let begins = |text: &str| text.len() >= word.len() && text.to_lowercase().starts_with(&word);
    let named = tables.iter().filter(|table| sql.contains(&table.table().name.to_lowercase()));
    let columns = named.flat_map(|table| {
        let of = &table.table().name;
        table.table().columns.iter().filter(|column| begins(&column.name)).map(move |column| Completion {
            text: column.name.clone(),
            kind: "column",
            detail: format!("{} of {of}", column.column_type),
        })
    });
    let names = tables.iter().map(|table| &table.table().name).filter(|name| begins(name));
    let names = names.map(|name| Completion { text: name.clone(), kind: "relation", detail: String::new() });
    let functions = function_names().filter(|name| !word.is_empty() && name.starts_with(&word));
    let functions = functions.map(|name| Completion { text: name.to_owned(), kind: "function", detail: String::new() });
    Ok(Json(columns.chain(names).chain(functions).take(MAX).collect()))
}
