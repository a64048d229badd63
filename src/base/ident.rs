//! The rules for names (`strict`, `relaxed`) and the only place that quotes them for SQL.

/// `^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`: sources, views, tables, aliases, extensions.
pub fn is_strict(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 64
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `^[a-zA-Z0-9_][a-zA-Z0-9_.\-]{0,127}$`: buckets, source tables, the table part of a download URL.
pub fn is_relaxed(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 128
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// Source names that DuckDB or the analytics database use themselves.
pub fn is_reserved_source(name: &str) -> bool {
    ["main", "temp", "system", "server"].iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// Table names that extracts and the analytics database use themselves.
pub fn is_reserved_table(name: &str) -> bool {
    ["_meta", "_remote_attach", "_published", "_published_files", "_published_columns"]
        .iter()
        .any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// `"name"` with inner quotes doubled.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `'text'` with inner quotes doubled.
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A path as an SQL literal.
pub fn quote_path(path: &std::path::Path) -> String {
    quote_literal(&path.to_string_lossy())
}

/// A value in a message: single quotes, or double ones when it holds a single quote.
pub fn repr(text: &str) -> String {
    if text.contains('\'') && !text.contains('"') {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "\\'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        for good in ["a", "_x", "A1_b", &"a".repeat(64)] {
            assert!(is_strict(good), "{good}");
        }
        for bad in ["", "1a", "a-b", "a\n", "ä", "a b", &"a".repeat(65), "a\"b"] {
            assert!(!is_strict(bad), "{bad}");
        }
        for good in ["in.c-crm", "0", "a.b-c_d"] {
            assert!(is_relaxed(good), "{good}");
        }
        for bad in ["", ".a", "-a", "a/b", "a\n", &"a".repeat(129)] {
            assert!(!is_relaxed(bad), "{bad}");
        }
        assert!(is_reserved_source("Server"));
        assert_eq!(quote_ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_literal("it's"), "'it''s'");
    }
}
