//! DuckDB's own parser, asked for the syntax tree of a text without running it.

use serde::Deserialize;
use serde_json::Value;

use super::{Connection, Error, Limits, Result, Sandbox};

/// A connection that only parses.
pub struct Parser(Connection);

/// The result of parsing a text.
pub enum Parsed {
    /// One element per statement, each `{"node": …}`; the engine has trees of `SELECT`s only.
    Selects(Vec<Value>),
    /// Valid SQL, but not a `SELECT`.
    NotSelect,
    /// The parser's message, and the offset in bytes that it is about.
    Invalid(String, Option<usize>),
}

impl Parser {
    pub fn new() -> Result<Self> {
        Ok(Self(Sandbox::default().open(&Limits::small())?))
    }

    pub fn parse(&self, sql: &str) -> Result<Parsed> {
        let text: String =
            self.0.query_row("SELECT json_serialize_sql(?::VARCHAR, skip_null := true)", [sql], |row| row.get(0))?;
        // As deep as the engine's own limit of 1000 nested expressions; callers provide the stack for it.
        let mut reader = serde_json::Deserializer::from_str(&text);
        reader.disable_recursion_limit();
        let mut tree = Value::deserialize(&mut reader)
            .map_err(|error| Error::ToSqlConversionFailure(format!("unreadable syntax tree: {error}").into()))?;
        if tree["error"] == Value::Bool(true) {
            return Ok(match tree["error_type"].as_str() {
                Some("not implemented") => Parsed::NotSelect,
                _ => {
                    let message = tree["error_message"].as_str().unwrap_or("syntax error").to_owned();
                    Parsed::Invalid(message, tree["position"].as_str().and_then(|offset| offset.parse().ok()))
                }
            });
        }
        match tree["statements"].take() {
            Value::Array(statements) => Ok(Parsed::Selects(statements)),
            _ => Ok(Parsed::NotSelect),
        }
    }
}
