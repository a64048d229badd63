//! What a statement may contain, checked on DuckDB's own syntax tree with allow-lists: unknown node types, functions and
//! relations are rejected.

mod first_keyword;
mod functions;
mod walk;

use super::{QueryError, place};
use crate::engine::parse::Parsed;
pub use first_keyword::after_block;
pub use walk::is_system;

/// Whether a list of words, separated by blanks, has this one.
fn contains_word(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

/// A statement that may run for whoever may read its tables.
#[derive(Debug, PartialEq)]
pub struct Outline {
    /// Without its trailing `;`.
    pub sql: String,
    /// The tables that it names, each once.
    pub relations: Vec<Relation>,
}

/// A table as a statement names it; absent parts are empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relation {
    pub catalog: String,
    pub schema: String,
    pub table: String,
    /// Where the statement first does so, in bytes.
    pub offset: Option<usize>,
}

/// What a statement says, if it is one `SELECT` that holds nothing but what is allowed. `tree` is the engine's
/// ([`crate::engine::parse::syntax_tree`]), of which at most `levels` levels are read: they take stack.
pub fn outline(sql: &str, tree: &str, levels: usize) -> Result<Outline, QueryError> {
    let opening = first_keyword::keyword(sql);
    let is_select = opening == "select" || opening == "with";
    let parsed = Parsed::read(tree, levels).map_err(|error| QueryError::TooComplex(error.to_string()))?;
    let relations = match parsed {
        Parsed::Selects(statements) => match statements.as_slice() {
            [_] | [] if !is_select => return Err(QueryError::NotSelect),
            [statement] => walk::relations(statement)?,
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
    let sql = sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';').to_owned();
    Ok(Outline { sql, relations })
}
