//! What a statement says, for programs that run it themselves.

use super::policy::{self, Outline};
use super::{MAX_SQL_BYTES, QueryError, trees};
use crate::engine::parse::Parser;

/// What a statement says if it is one `SELECT`, or what DuckDB reads as one, that holds nothing but what is allowed.
pub async fn outline(sql: &str) -> Result<Outline, QueryError> {
    check_length(sql)?;
    let tree = Parser::new()?.tree(sql)?;
    let text = sql.to_owned();
    trees::read(tree, move |tree, levels| policy::outline(&text, tree, levels)).await
}

/// Whether the statement is a `PIVOT` that names no values, which only the server reads, by asking for them first.
pub fn is_about_pivot_values(error: &QueryError) -> bool {
    matches!(error, QueryError::Sql(message) if message == policy::PIVOT_WITHOUT_VALUES)
}

pub fn check_length(sql: &str) -> Result<(), QueryError> {
    match sql.len() > MAX_SQL_BYTES {
        true => Err(QueryError::Sql(format!("the statement is longer than {MAX_SQL_BYTES} bytes"))),
        false => Ok(()),
    }
}
