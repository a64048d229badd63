//! What a statement may contain, checked on DuckDB's own syntax tree with allow-lists: unknown node types, functions and
//! relations are rejected.

mod first_keyword;
mod functions;
mod walk;

use super::{QueryError, place};
use crate::engine::parse::Parsed;
pub use first_keyword::after_block;
pub use functions::{is_allowed as is_function, names as function_names};
pub use walk::is_system;

/// The engine has no tree of such a statement.
pub const PIVOT_WITHOUT_VALUES: &str = "PIVOT needs its values here: PIVOT … ON column IN ('a', 'b') USING …";

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
    /// Whether it is `SHOW TABLES`, which the engine cannot answer: it has only the tables that a statement names.
    pub is_show_tables: bool,
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

/// What a statement says, if it is one `SELECT`, or what DuckDB reads as one, that holds nothing but what is allowed. `tree` is the engine's
/// ([`crate::engine::parse::syntax_tree`]), of which at most `levels` levels are read: they take stack.
pub fn outline(sql: &str, tree: &str, levels: usize) -> Result<Outline, QueryError> {
    let opening = first_keyword::keyword(sql);
    if sql.contains('\0') {
        // The engine's parser reads up to there only.
        return Err(QueryError::Sql("the statement contains a NUL character".into()));
    }
    let (is_query, is_description) = (first_keyword::is_query(&opening), first_keyword::is_description(&opening));
    let parsed = Parsed::read(tree, levels).map_err(|error| QueryError::TooComplex(error.to_string()))?;
    let (relations, is_show_tables) = match parsed {
        Parsed::Selects(statements) => match statements.as_slice() {
            [_] | [] if !is_query && !is_description => return Err(QueryError::NotSelect),
            [statement] if is_description && walk::is_show_tables(statement) => (Vec::new(), true),
            [statement] => match walk::relations(statement) {
                Err(QueryError::Refused) if is_description => return Err(QueryError::NotSelect),
                relations => (relations?, false),
            },
            _ => return Err(QueryError::Refused),
        },
        // The engine would make a type of the values that it finds, and then the query.
        Parsed::NotSelect if opening.starts_with("pivot") => return Err(QueryError::Sql(PIVOT_WITHOUT_VALUES.into())),
        // Keywords that only show something have always had the milder error.
        Parsed::NotSelect if first_keyword::is_read_only(&opening) => return Err(QueryError::NotSelect),
        Parsed::NotSelect => return Err(QueryError::Refused),
        Parsed::Invalid(..) if first_keyword::is_statement(&opening) => return Err(QueryError::Refused),
        Parsed::Invalid(..) if !is_query && !is_description => return Err(QueryError::NotSelect),
        Parsed::Invalid(message, _) if message.contains("A CTE needs a SELECT") => return Err(QueryError::Refused),
        Parsed::Invalid(message, offset) => {
            let place = offset.and_then(|offset| place::at(sql, offset)).map(|place| format!("\n\n{place}"));
            let message = super::error::clean(&message);
            return Err(QueryError::Sql(format!("Parser Error: {message}{}", place.unwrap_or_default())));
        }
    };
    let sql = sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';').to_owned();
    Ok(Outline { sql, relations, is_show_tables })
}
