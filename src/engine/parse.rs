//! DuckDB's own parser, asked for the syntax tree of a text without running it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Connection, Limits, Result, Sandbox};

/// Levels of any tree: the engine nests at most 1000 expressions.
pub const MAX_LEVELS: usize = 8_000;

/// A connection that only parses.
pub struct Parser(Connection);

/// The result of parsing a text.
pub enum Parsed {
    /// One element per statement, each `{"node": …}`; the engine has trees of `SELECT`s only. What says nothing is left
    /// out: null, false, empty texts and lists.
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
        Parsed::read(&syntax_tree(&self.0, sql)?, MAX_LEVELS)
            .map_err(|error| super::Error::ToSqlConversionFailure(format!("unreadable syntax tree: {error}").into()))
    }
}

/// The syntax tree as JSON, for [`Parsed::read`].
pub fn syntax_tree(connection: &Connection, sql: &str) -> Result<String> {
    let mut statement = connection.prepare_cached("SELECT json_serialize_sql(?::VARCHAR, skip_null := true)")?;
    statement.query_row([sql], |row| row.get(0))
}

impl Parsed {
    /// Fails if the tree has more than `levels` levels, each of which takes stack.
    pub fn read(tree: &str, levels: usize) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(tree);
        reader.disable_recursion_limit();
        let mut tree = Node { levels }.deserialize(&mut reader)?;
        if tree["error"] == Value::Bool(true) {
            return Ok(match tree["error_type"].as_str() {
                Some("not implemented") => Self::NotSelect,
                _ => {
                    let message = tree["error_message"].as_str().unwrap_or("syntax error").to_owned();
                    Self::Invalid(message, tree["position"].as_str().and_then(|offset| offset.parse().ok()))
                }
            });
        }
        match tree["statements"].take() {
            Value::Array(statements) => Ok(Self::Selects(statements)),
            // The tree of an empty text.
            _ => Ok(Self::Selects(Vec::new())),
        }
    }
}

/// Reads a value without what says nothing.
struct Node {
    /// How many more may be below it.
    levels: usize,
}

impl Node {
    fn child<E: serde::de::Error>(&self) -> std::result::Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { levels })
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a syntax tree")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element_seed(self.child()?)? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some(key) = fields.next_key::<Cow<'de, str>>()? {
            let value = fields.next_value_seed(self.child()?)?;
            if !says_nothing(&value) && found.insert(key.into_owned(), value).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
        }
        Ok(Value::Object(found))
    }
}
