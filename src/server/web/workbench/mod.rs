//! `/query`: a workbench for SQL.

pub mod complete;

use axum::response::{IntoResponse, Response};
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::form::FormState;
use super::listing::Listing;
use super::{PageContext, PageResult, SignedIn, cells};
use crate::access::{Principal, listed_tables};
use crate::domain::queries::run_query;
use crate::protocol::query::QueryResponse;
use crate::query::Wanted;
use crate::server::ApiError;
use crate::server::http::extractors::Form;
use crate::server::http::middleware::data_read::DataRead;

/// Rows that are shown without a script.
const PLAIN_ROWS: usize = 200;
/// Tables beside the editor.
const TABLES: usize = 200;

/// `GET /query`; `?sql=` is the statement to begin with.
pub async fn show_query(SignedIn(person): SignedIn, page: PageContext, list: Listing) -> PageResult {
    let form = FormState::new("query").with_value("sql", list.filter("sql").unwrap_or_default());
    page.render("query.html", context! { form, result => (), ..beside(&page, &person) })
}

#[derive(Deserialize)]
pub struct QueryForm {
    #[serde(default)]
    sql: String,
}

/// `POST /query`: runs the statement, for browsers without a script.
pub async fn submit_query(
    SignedIn(person): SignedIn,
    page: PageContext,
    Form(QueryForm { sql }): Form<QueryForm>,
) -> PageResult<Response> {
    let app = &page.app;
    let beside = beside(&page, &person);
    let ran =
        run_query(&app.store, &app.orchestrator, &app.queries, person, sql.clone(), PLAIN_ROWS, Wanted::Json).await;
    let mut form = FormState::new("query").with_value("sql", &sql);
    let (mut rows, mut result) = (None, Value::from(()));
    match ran.answer {
        Ok(answer) => {
            let answer = answer.whole().await?;
            rows = Some(answer.row_count as u64);
            result = shown(answer);
        }
        Err(error) => {
            let error = ApiError::from(error);
            form = form.with_message(error.text().unwrap_or("The query took too long"));
        }
    }
    let read = axum::Extension(DataRead::query(&sql, ran.tables, rows));
    Ok((read, page.render("query.html", context! { form, result, ..beside })?).into_response())
}

/// The tables beside the editor.
fn beside(page: &PageContext, person: &Principal) -> Value {
    let app = &page.app;
    let tables = listed_tables(&app.store.snapshot(), &app.orchestrator.publication(), person);
    let shown = tables.iter().take(TABLES).map(|table| context! { id => &table.id, name => &table.name });
    context! { tables => shown.collect::<Vec<_>>(), hidden => tables.len().saturating_sub(TABLES) }
}

fn shown(answer: QueryResponse) -> Value {
    let row = |row: &Vec<Box<RawValue>>| row.iter().map(|value| cells::shown(value)).collect::<Vec<_>>();
    let rows: Vec<_> = answer.rows.iter().map(row).collect();
    context! { columns => answer.columns, rows, count => answer.row_count, truncated => answer.truncated }
}
