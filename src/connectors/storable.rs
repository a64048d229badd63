//! Columns of a query that parquet files cannot hold as they are.

use crate::base::ident::quote_ident;
use crate::engine::{self, Connection};

/// A query whose columns can all be stored, and what was changed for that.
pub struct Storable {
    pub query: String,
    pub notes: Vec<String>,
}

impl Storable {
    /// Whole numbers beyond 64 bits would be rounded, times lose their zone, and intervals their microseconds.
    pub fn of(connection: &Connection, query: &str) -> engine::Result<Self> {
        let mut statement = connection.prepare(&format!("DESCRIBE (\n{query}\n)"))?;
        let columns = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let columns: Vec<_> = columns.collect::<engine::Result<_>>()?;
        let (mut shown, mut notes) = (Vec::new(), Vec::new());
        for (at, (name, kind)) in columns.iter().enumerate() {
            let stored = storable(kind);
            if stored == *kind {
                shown.push(format!("c{at} AS {}", quote_ident(name)));
            } else {
                shown.push(format!("CAST(c{at} AS {stored}) AS {}", quote_ident(name)));
                notes.push(format!(
                    "column {name} is stored as {stored}, since a parquet file cannot hold every {kind}"
                ));
            }
        }
        if notes.is_empty() {
            return Ok(Self { query: query.to_owned(), notes });
        }
        let names: Vec<_> = (0..columns.len()).map(|at| format!("c{at}")).collect();
        let query = format!("SELECT {} FROM (\n{query}\n) AS q({})", shown.join(", "), names.join(", "));
        Ok(Self { query, notes })
    }
}

/// The type that holds every value, within any nesting; names of fields are in quotes and stay.
fn storable(kind: &str) -> String {
    let replaced = |text: &str| {
        let mut text = text.replace("TIME WITH TIME ZONE", "VARCHAR");
        for (from, to) in [("UHUGEINT", "DECIMAL(38,0)"), ("HUGEINT", "DECIMAL(38,0)"), ("INTERVAL", "VARCHAR")] {
            text = whole_words(&text, from, to);
        }
        text
    };
    if kind.starts_with("ENUM(") {
        return kind.to_owned();
    }
    kind.split('"')
        .enumerate()
        .map(|(at, part)| if at % 2 == 0 { replaced(part) } else { part.to_owned() })
        .collect::<Vec<_>>()
        .join("\"")
}

/// A name of a field may contain the name of a type, or be one; then a space and the type follow.
fn whole_words(text: &str, from: &str, to: &str) -> String {
    let is_part = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let (mut result, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(from) {
        let end = at + from.len();
        let before = rest[..at].bytes().next_back().or(result.bytes().next_back());
        let after = rest.as_bytes().get(end).copied();
        let is_type = !before.is_some_and(is_part) && !after.is_some_and(|byte| is_part(byte) || byte == b' ');
        result.push_str(&rest[..at]);
        result.push_str(if is_type { to } else { from });
        rest = &rest[end..];
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_files_cannot_hold_are_replaced_at_any_depth() {
        for (kind, stored) in [
            ("BIGINT", "BIGINT"),
            ("HUGEINT", "DECIMAL(38,0)"),
            ("UHUGEINT[]", "DECIMAL(38,0)[]"),
            ("TIME WITH TIME ZONE", "VARCHAR"),
            ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"),
            ("STRUCT(\"my INTERVAL\" INTERVAL, b TIME)", "STRUCT(\"my INTERVAL\" VARCHAR, b TIME)"),
            ("MAP(VARCHAR, INTERVAL[])", "MAP(VARCHAR, VARCHAR[])"),
            ("ENUM('INTERVAL')", "ENUM('INTERVAL')"),
        ] {
            assert_eq!(storable(kind), stored);
        }
    }
}
