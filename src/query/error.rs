//! Why a query failed, and engine messages without what callers should not see.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::place;
use crate::engine;
use crate::extract::plain_message;

/// Maximum length of a message, in characters.
const MAX_CHARS: usize = 4_000;

#[derive(Debug, Deserialize, Serialize, thiserror::Error)]
pub enum QueryError {
    /// 400
    #[error("Query must start with SELECT or WITH")]
    NotSelect,
    /// 400: several statements, not a `SELECT`, or something that reaches beyond the caller's tables.
    #[error("Only single SELECT queries are allowed")]
    Refused,
    /// 403: the caller has no grant on a table of that name, which may exist or not. `help` is a similar name, if there is one.
    #[error("Access denied to table '{name}'{help}")]
    Denied { name: String, help: String },
    /// 400: the caller can read no table of that name. `help` is a similar name and the place, if known.
    #[error("Query error: Catalog Error: Table with name {name} does not exist!{help}")]
    UnknownTable { name: String, help: String },
    /// 400: the engine's own message, cleaned.
    #[error("Query error: {0}")]
    Sql(String),
    /// 400: an internal error of the engine, which cannot be used again.
    #[error("Query error: the engine cannot run this statement; write it in another way")]
    Broken,
    /// 400
    #[error("Query error: one row is larger than {0} MB; select fewer or shorter values")]
    TooLarge(usize),
    /// 413
    #[error("the result is larger than {0} MB; narrow the query down or split it into steps")]
    ResultTooLarge(usize),
    /// 413: it takes more memory or stack than a query may use.
    #[error("{0}; narrow it down or split it into steps")]
    TooComplex(String),
    /// 504
    #[error("the query was stopped after {} s; narrow it down", elapsed.as_secs())]
    Timeout { elapsed: Duration },
    /// The client is gone.
    #[error("the query was cancelled")]
    Cancelled,
    /// 409
    #[error("the query was stopped by an administrator")]
    Stopped,
    /// 429
    #[error("too many queries are running or waiting; try again in a few seconds")]
    Busy,
    /// 502: the source of a remote table.
    #[error("{0}")]
    Remote(String),
    /// 500
    #[error("{0}")]
    Internal(String),
}

impl QueryError {
    /// The error for a statement that the engine got as it was typed: the message has the place.
    pub fn in_statement(error: engine::Error, sql: &str) -> Self {
        let text = engine::message(&error);
        match (Self::from(error), place::of_statement(&text, sql)) {
            (Self::Sql(message), Some(place)) => Self::Sql(format!("{message}\n\n{place}")),
            (error, _) => error,
        }
    }

    /// The message alone, where the caller did not write the statement like that.
    pub fn without_place(self) -> Self {
        match self {
            Self::Sql(message) => Self::Sql(place::split(&message).0.to_owned()),
            error => error,
        }
    }

    /// A worker that does not keep to the protocol.
    pub fn out_of_turn() -> Self {
        Self::Internal("a query worker answered out of turn".into())
    }
}

impl From<engine::Error> for QueryError {
    fn from(error: engine::Error) -> Self {
        let text = engine::message(&error);
        if is_fatal(&text) {
            // Its stack trace is of no use to the caller.
            Self::Broken
        } else if engine::is_out_of_memory(&error) || text.contains("max_temp_directory_size") {
            Self::TooComplex("the query needed more memory or disk than it may use".into())
        } else if text.contains("exists in the icu extension") {
            let name = text.split('"').nth(1).unwrap_or("this");
            Self::Sql(format!(
                "{name} needs DuckDB's extension icu, which this server lacks; its operator can install it"
            ))
        } else if text.starts_with("Permission Error") {
            Self::Refused
        } else {
            Self::Sql(clean(&text))
        }
    }
}

/// Returns whether the engine gave up on the instance, which must not be used again.
fn is_fatal(text: &str) -> bool {
    ["INTERNAL Error", "FATAL Error"].iter().any(|start| text.starts_with(start))
}

/// The engine's message without settings of the engine, absolute paths, names of tables that the caller did not write,
/// and the quoted statement with its caret, which shows our wrapping.
pub fn clean(text: &str) -> String {
    let text = plain_message(place::split(text).0);
    let names_tables = text.starts_with("Catalog Error: Table");
    let lines = text.lines().filter(|line| !(names_tables && line.starts_with("Did you mean")));
    shortened(lines.map(without_paths).collect::<Vec<_>>().join("\n").trim())
}

/// A text without what is too much to read: messages quote values and names, which may be very long.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn without_paths(line: &str) -> String {
    let is_path = |word: &str| {
        let word = word.trim_start_matches(['"', '\'', '(', '[']);
        let word = word.strip_prefix("file:").unwrap_or(word);
        word.starts_with('/') && word[1..].contains('/')
    };
    let words = line.split(' ').map(|word| if is_path(word) { "<path>" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_the_reason_and_no_names_of_tables() {
        let text =
            "Binder Error: Referenced column \"x\" not found!\nDid you mean \"salaries\"?\n\nLINE 1: SELECT x\n   ^";
        assert_eq!(clean(text), "Binder Error: Referenced column \"x\" not found!\nDid you mean \"salaries\"?");
        let text =
            "Catalog Error: Table with name x does not exist!\nDid you mean \"salaries\"?\n\nLINE 1: SELECT x\n   ^";
        assert_eq!(clean(text), "Catalog Error: Table with name x does not exist!");
        assert_eq!(
            clean("IO Error: Cannot open file \"/data/a/b.parquet\": no"),
            "IO Error: Cannot open file <path> no"
        );
    }
}
