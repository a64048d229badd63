use serde_json::{Map, Value};

/// Why a predicate is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Flaw {
    pub kind: Kind,
    /// For a reader.
    pub message: String,
    /// The `function` or `column`.
    pub details: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is not an expression.
    ParseError,
    MultiStatement,
    /// It is more than an expression over the columns of a row.
    DisallowedNode,
    NestedSelect,
    /// A qualifier that is not the table.
    CrossTableReference,
    UnknownFunction,
    UnknownColumn,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ParseError => "parse_error",
            Self::MultiStatement => "multi_statement",
            Self::DisallowedNode => "disallowed_node",
            Self::NestedSelect => "nested_select",
            Self::CrossTableReference => "cross_table_reference",
            Self::UnknownFunction => "unknown_function",
            Self::UnknownColumn => "unknown_column",
        }
    }
}

impl Flaw {
    pub fn new(kind: Kind, message: &str) -> Self {
        Self { kind, message: message.to_owned(), details: Map::new() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}
