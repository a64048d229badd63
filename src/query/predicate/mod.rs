//! Predicates of callers: the text after `WHERE`, over the columns of one table.
//!
//! DuckDB parses `SELECT * FROM t WHERE <predicate>`, and the tree is checked with allow-lists. What runs is another
//! statement, with the predicate in parentheses. Its tree must have the same predicate and nothing else that we did not
//! write, so that what was checked and what runs cannot differ, whatever comments or brackets the text has.

mod check;
mod digest;
mod flaw;
mod functions;
mod selection;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

pub use flaw::{Flaw, Kind};
pub use selection::Selection;

use super::{QueryEngine, QueryError};

/// Has the engine parse the predicate of a selection, and returns the statement to run. Nothing runs yet.
pub async fn checked(
    selection: Selection,
    engine: &QueryEngine,
    person: &Arc<str>,
) -> Result<Result<String, Flaw>, QueryError> {
    let statement = selection.statement();
    let Some(predicate) = &selection.predicate else { return Ok(Ok(statement)) };
    if predicate.trim().is_empty() {
        return Ok(Err(Flaw::new(Kind::ParseError, "the predicate is blank")));
    }
    if predicate.contains('\0') {
        // The engine's parser reads up to there only.
        return Ok(Err(Flaw::new(Kind::ParseError, "the predicate contains a NUL character")));
    }
    let (draft, selection) = (selection.draft(predicate), Arc::new(selection));
    let checks = Arc::clone(&selection);
    let digest = engine.read_tree(person, &draft, move |tree, levels| check::check(&checks, tree, levels)).await?;
    let digest = match digest {
        Ok(digest) => digest,
        Err(flaw) => return Ok(Err(flaw)),
    };
    let confirm = move |tree: &str, levels| check::confirm(&selection, tree, levels, &digest);
    Ok(engine.read_tree(person, &statement, confirm).await?.map(|()| statement))
}
