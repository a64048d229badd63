//! The functions that callers may use: those that depend on their arguments only.
//!
//! The list was made from `duckdb_functions()` of engine 1.5.5, without what reads files, settings, variables, the catalog
//! or other SQL, waits, or has side effects. Review the list of a new engine version before adding to it.

use std::collections::HashSet;
use std::sync::LazyLock;

static FUNCTIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("functions.txt").lines().collect());
static TABLE_FUNCTIONS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("table_functions.txt").lines().collect());

/// The functions that callers can name, as opposed to operators.
pub fn names() -> impl Iterator<Item = &'static str> {
    let is_name = |name: &&str| name.starts_with(|first: char| first.is_ascii_lowercase());
    include_str!("functions.txt").lines().filter(is_name)
}

pub fn is_allowed(name: &str) -> bool {
    FUNCTIONS.contains(name.to_ascii_lowercase().as_str())
}

pub fn is_allowed_table_function(name: &str) -> bool {
    TABLE_FUNCTIONS.contains(name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_beyond_its_arguments_is_not_listed() {
        for name in ["query", "Current_Setting", "getvariable", "sleep_ms", "write_log", "version", "nextval", "getenv"]
        {
            assert!(!is_allowed(name), "{name}");
        }
        for name in ["read_csv", "glob", "query", "query_table", "duckdb_tables", "histogram", "read_parquet"] {
            assert!(!is_allowed_table_function(name), "{name}");
        }
        for name in ["SUM", "count_star", "+", "regexp_replace", "json_extract", "list_value", "strftime", "replace"] {
            assert!(is_allowed(name), "{name}");
        }
    }
}
