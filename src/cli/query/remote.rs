//! Queries that the server runs.

use super::cell::Cell;
use super::{Format, output};
use crate::cli::{CliError, Context};
use crate::protocol::query::QueryRequest;

/// Prints the answer; tells whether the server had more rows.
pub fn run(sql: &str, limit: i64, format: Format, context: &Context) -> anyhow::Result<bool> {
    let client = context.client()?;
    let request = QueryRequest { sql: sql.to_owned(), limit };
    let answer = context.block_on(client.query(&request))?.map_err(CliError::from)?;
    let mut output = output::Output::begin(format, &answer.columns, &context.printer)?;
    for row in answer.rows {
        output.row(row.into_iter().map(Cell::from_json).collect())?;
    }
    output.end()?;
    Ok(answer.truncated)
}
