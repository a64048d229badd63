//! Queries that the server runs.

use super::Format;
use super::cell::Cell;
use super::rows::RowWriter;
use crate::cli::{CliError, Context, Output};
use crate::protocol::query::QueryRequest;

/// Runs a query; the flag is whether the server had more rows.
pub fn run(sql: &str, limit: i64, format: Format, context: &Context) -> anyhow::Result<(Output, bool)> {
    let client = context.client()?;
    let request = QueryRequest { sql: sql.to_owned(), limit };
    let answer = context.block_on(client.query(&request))?.map_err(CliError::from)?;
    let mut rows = RowWriter::begin(format, &answer.columns, &context.printer)?;
    for row in answer.rows {
        rows.row(row.into_iter().map(Cell::from_json).collect())?;
    }
    Ok((rows.end()?, answer.truncated))
}
