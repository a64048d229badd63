//! Statements that run in the workspace.

use std::io;

use crate::cli::CliError;
use crate::cli::mcp::call::Call;
use crate::cli::query::{Rows, local};
use crate::query::{MAX_PIVOT_VALUES, QueryError, Reading};

/// A database for a statement, and the statement as it runs there.
pub fn open(reading: &Reading, call: &Call) -> anyhow::Result<(local::Database, String)> {
    let database = local::confined(reading.outline(), &call.context)?;
    let pivot = match reading {
        Reading::Whole(outline) => return Ok((database, outline.sql.clone())),
        Reading::Pivot(pivot) => pivot,
    };
    let mut found = Vec::new();
    for query in &pivot.queries {
        let values = |connection: &_| local::pass(connection, &query.sql, MAX_PIVOT_VALUES, Values::default());
        let (values, is_cut) = call.on(&database, values)?;
        found.push((values.0, is_cut));
    }
    let outline = call.context.block_on(pivot.with_values(found))?.map_err(unreadable)?;
    Ok((database, outline.sql))
}

/// Why a statement cannot run.
pub fn unreadable(error: QueryError) -> CliError {
    let kind = match error {
        QueryError::NotSelect | QueryError::Refused => "refused_statement",
        _ => "query_error",
    };
    CliError::bare(kind, error.to_string())
}

/// The texts in the one column of a result.
#[derive(Debug, Default)]
struct Values(Vec<String>);

impl Rows for Values {
    fn begin(&mut self, _: Vec<String>) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, values: &[String]) -> io::Result<bool> {
        for value in values {
            self.0.push(serde_json::from_str(value)?);
        }
        Ok(true)
    }
}
