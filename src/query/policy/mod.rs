//! What a statement may contain, decided on DuckDB's own syntax tree and closed by default: node types, functions and
//! relations that are not known here are refused.

mod functions;
mod opening;
mod walk;

use super::namespace::Namespace;
use super::{MAX_SQL_BYTES, QueryError};
use crate::engine::parse::{Parsed, Parser};

/// Returns the statement without its trailing `;` when it is one `SELECT` over nothing but readable tables.
///
/// `exists` says of the tables that the caller cannot read whether they are there at all.
pub fn check<'a>(
    parser: &Parser,
    namespace: &Namespace,
    exists: &dyn Fn(&str) -> bool,
    sql: &'a str,
) -> Result<&'a str, QueryError> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(QueryError::Sql(format!("the statement is longer than {MAX_SQL_BYTES} bytes")));
    }
    let opening = opening::keyword(sql);
    let is_select = opening == "select" || opening == "with";
    let statement = match parser.parse(sql)? {
        Parsed::Selects(statements) => match statements.as_slice() {
            [_] | [] if !is_select => return Err(QueryError::NotSelect),
            [statement] => statement.clone(),
            _ => return Err(QueryError::Refused),
        },
        // The words that only look at things have always got the gentler answer.
        Parsed::NotSelect if opening::is_gentle(&opening) => return Err(QueryError::NotSelect),
        Parsed::NotSelect => return Err(QueryError::Refused),
        Parsed::Invalid(_) if opening::is_statement(&opening) => return Err(QueryError::Refused),
        Parsed::Invalid(_) if !is_select => return Err(QueryError::NotSelect),
        Parsed::Invalid(message) if message.contains("A CTE needs a SELECT") => return Err(QueryError::Refused),
        Parsed::Invalid(message) => {
            return Err(QueryError::Sql(format!("Parser Error: {}", super::error::clean(&message))));
        }
    };
    walk::Walk { namespace, exists }.statement(&statement)?;
    Ok(sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';'))
}
