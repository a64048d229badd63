//! From trees to verdicts.

use super::digest::digest;
use super::flaw::{Flaw, Kind};
use super::selection::Selection;
use super::walk::Findings;
use crate::engine::parse::Parsed;
use crate::engine::tree::Tree;
use crate::query::QueryError;
use crate::query::error::clean;

/// Checks the tree of [`Selection::draft`], and returns what tells its predicate from every other one.
pub fn check(selection: &Selection, tree: &str, levels: usize) -> Result<Result<String, Flaw>, QueryError> {
    Ok(read(tree, levels)?.and_then(|statement| {
        let predicate = clause(&statement, false)?;
        Findings::of(predicate, selection).verdict()?;
        Ok(digest(predicate))
    }))
}

/// Checks that the tree of [`Selection::statement`] has the predicate of that digest.
pub fn confirm(
    selection: &Selection,
    tree: &str,
    levels: usize,
    expected: &str,
) -> Result<Result<(), Flaw>, QueryError> {
    let other =
        || Flaw::new(Kind::DisallowedNode, "the predicate has something after it, such as LIMIT, ORDER BY or ;");
    Ok(match read(tree, levels)? {
        Err(_) => Err(other()),
        Ok(statement) => match clause(&statement, !selection.order_by.is_empty()) {
            Ok(predicate) if digest(predicate) == expected => Ok(()),
            Ok(_) | Err(_) => Err(other()),
        },
    })
}

/// The only statement of a text.
fn read(tree: &str, levels: usize) -> Result<Result<Tree<'_>, Flaw>, QueryError> {
    let parsed = match Parsed::read(tree, levels) {
        // The engine writes infinity as JSON does not.
        Err(error) if error.is_syntax() => return Ok(Err(Flaw::new(Kind::ParseError, "a number is too large"))),
        parsed => parsed.map_err(|error| QueryError::TooComplex(error.to_string()))?,
    };
    let several = || Flaw::new(Kind::MultiStatement, "the predicate is followed by another statement");
    Ok(match parsed {
        Parsed::Selects(mut statements) if statements.len() == 1 => Ok(statements.swap_remove(0)),
        // The first one is ours.
        Parsed::Selects(_) | Parsed::NotSelect => Err(several()),
        Parsed::Invalid(message, _) => Err(Flaw::new(Kind::ParseError, &clean(&message))),
    })
}

/// What a statement of ours consists of. Empty lists are not in the tree.
const PARTS: [&str; 6] = ["type", "cte_map", "select_list", "from_table", "where_clause", "aggregate_handling"];

/// The predicate of a statement that has no parts but those that we wrote.
fn clause<'a, 'b>(statement: &'a Tree<'b>, is_ordered: bool) -> Result<&'a Tree<'b>, Flaw> {
    let unexpected = || Flaw::new(Kind::DisallowedNode, "only a predicate is allowed, as it stands after WHERE");
    let node = statement.get("node").and_then(Tree::as_object).ok_or_else(unexpected)?;
    let is_ours = |name: &str| PARTS.contains(&name) || is_ordered && name == "modifiers";
    let has_others = node.members().any(|(name, _)| !is_ours(name));
    let is_plain = node.text("type") == "SELECT_NODE" && node.text("aggregate_handling") == "STANDARD_HANDLING";
    let from = node.get("from_table").ok_or_else(unexpected)?;
    if has_others || !is_plain || from.text("type") != "BASE_TABLE" || from.get("sample").is_some() {
        return Err(unexpected());
    }
    node.get("where_clause").ok_or_else(unexpected)
}
