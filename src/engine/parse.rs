//! DuckDB's own parser, asked for the syntax tree of a text without running it.

use super::tree::Tree;
use super::{Connection, Limits, Result, Sandbox};

/// Levels of any tree: the engine nests at most 1000 expressions.
pub const MAX_LEVELS: usize = 8_000;

/// A connection that only parses.
pub struct Parser(Connection);

/// The result of parsing a text.
pub enum Parsed<'a> {
    /// One element per statement, each `{"node": …}`; the engine has trees of `SELECT`s only.
    Selects(Vec<Tree<'a>>),
    /// Valid SQL, but not a `SELECT`.
    NotSelect,
    /// The parser's message, and the offset in bytes that it is about.
    Invalid(String, Option<usize>),
}

impl Parser {
    pub fn new() -> Result<Self> {
        Ok(Self(Sandbox::default().open(&Limits::small())?))
    }

    /// The syntax tree as JSON, for [`Parsed::read`].
    pub fn tree(&self, sql: &str) -> Result<String> {
        syntax_tree(&self.0, sql)
    }
}

/// The syntax tree as JSON, for [`Parsed::read`].
pub fn syntax_tree(connection: &Connection, sql: &str) -> Result<String> {
    let mut statement = connection.prepare_cached("SELECT json_serialize_sql(?::VARCHAR, skip_null := true)")?;
    statement.query_row([sql], |row| row.get(0))
}

impl<'a> Parsed<'a> {
    /// Fails if the tree has more than `levels` levels, each of which takes stack.
    pub fn read(json: &'a str, levels: usize) -> serde_json::Result<Self> {
        let tree = Tree::read(json, levels)?;
        if matches!(tree.get("error"), Some(Tree::True)) {
            return Ok(match tree.text("error_type") {
                "not implemented" => Self::NotSelect,
                _ => {
                    let message =
                        tree.get("error_message").and_then(Tree::as_text).unwrap_or("syntax error").to_owned();
                    Self::Invalid(message, tree.text("position").parse().ok())
                }
            });
        }
        let Tree::Object(mut tree) = tree else { return Ok(Self::Selects(Vec::new())) };
        match tree.take("statements") {
            Tree::List(statements) => Ok(Self::Selects(statements)),
            // The tree of an empty text.
            _ => Ok(Self::Selects(Vec::new())),
        }
    }
}
