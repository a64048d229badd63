//! What a statement may contain, checked on DuckDB's own syntax tree with allow-lists: unknown node types, functions and
//! relations are rejected.

mod first_keyword;
mod functions;
mod walk;

use super::namespace::Namespace;
use super::{MAX_SQL_BYTES, QueryError, place};
use crate::engine::parse::{Parsed, Parser};
pub use first_keyword::after_block;

/// Whether a list of words, separated by blanks, has this one.
fn contains_word(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

/// Returns the statement without its trailing `;` if it is one `SELECT` over readable tables only.
///
/// `exists` returns whether a table that the caller cannot read exists at all.
pub fn check<'a>(
    parser: &Parser,
    namespace: &Namespace,
    exists: &dyn Fn(&str) -> bool,
    sql: &'a str,
) -> Result<&'a str, QueryError> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(QueryError::Sql(format!("the statement is longer than {MAX_SQL_BYTES} bytes")));
    }
    let opening = first_keyword::keyword(sql);
    let is_select = opening == "select" || opening == "with";
    let statement = match parser.parse(sql)? {
        Parsed::Selects(statements) => match statements.as_slice() {
            [_] | [] if !is_select => return Err(QueryError::NotSelect),
            [statement] => statement.clone(),
            _ => return Err(QueryError::Refused),
        },
        // Keywords that only show something have always had the milder error.
        Parsed::NotSelect if first_keyword::is_read_only(&opening) => return Err(QueryError::NotSelect),
        Parsed::NotSelect => return Err(QueryError::Refused),
        Parsed::Invalid(..) if first_keyword::is_statement(&opening) => return Err(QueryError::Refused),
        Parsed::Invalid(..) if !is_select => return Err(QueryError::NotSelect),
        Parsed::Invalid(message, _) if message.contains("A CTE needs a SELECT") => return Err(QueryError::Refused),
        Parsed::Invalid(message, offset) => {
            let place = offset.and_then(|offset| place::at(sql, offset)).map(|place| format!("\n\n{place}"));
            let message = super::error::clean(&message);
            return Err(QueryError::Sql(format!("Parser Error: {message}{}", place.unwrap_or_default())));
        }
    };
    walk::Walk { namespace, exists, sql }.statement(&statement)?;
    Ok(sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';'))
}
