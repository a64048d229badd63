//! Which tables a metric reads, as its statements say.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine;
use crate::engine::parse::Parsed;
use crate::engine::tree::{Object, Tree};
use crate::protocol::metrics::MetricDefinition;
use crate::store::Reader;

/// Longer statements are not parsed, and neither are deeper ones: the engine parses and we read by recursion.
const MAX_BYTES: usize = 20_000;
const MAX_LEVELS: usize = 100;

/// The tables that a metric reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    /// Those that it declares and those that its statements name.
    pub tables: BTreeSet<String>,
    /// Whether a statement could not be understood, and nothing is declared instead.
    pub is_unknown: bool,
}

impl Sources {
    pub(super) fn of(reader: &Reader<'_>, metric: &MetricDefinition) -> engine::Result<Self> {
        let declared = metric.table_name.iter().chain(metric.tables.iter().flatten());
        let mut tables: BTreeSet<String> = declared.filter(|name| !name.is_empty()).cloned().collect();
        let is_declared = !tables.is_empty();
        let variants = metric.sql_variants.iter().flat_map(|variants| variants.values()).filter_map(Value::as_str);
        let mut is_unknown = false;
        for sql in [metric.sql.as_str()].into_iter().chain(variants).filter(|sql| !sql.trim().is_empty()) {
            match named(reader, sql)? {
                Some(names) => tables.extend(names),
                None => is_unknown |= !is_declared,
            }
        }
        Ok(Self { tables, is_unknown })
    }
}

/// The tables that a statement names; `None` if it is not a `SELECT` of this engine.
fn named(reader: &Reader<'_>, sql: &str) -> engine::Result<Option<BTreeSet<String>>> {
    if sql.len() > MAX_BYTES || sql.contains('\0') {
        return Ok(None);
    }
    let tree: String =
        reader.one("SELECT json_serialize_sql(?::VARCHAR, skip_null := true)", [sql], |row| row.get(0))?;
    let Ok(Parsed::Selects(statements)) = Parsed::read(&tree, MAX_LEVELS) else { return Ok(None) };
    let mut names = Names::default();
    statements.iter().for_each(|statement| names.read(statement));
    let Names { tables, expressions } = names;
    Ok(Some(tables.into_iter().filter(|name| !expressions.contains(&name.to_lowercase())).collect()))
}

/// What a statement names. A name that is given to a common table expression anywhere is not taken for a table.
#[derive(Default)]
struct Names {
    tables: BTreeSet<String>,
    /// In lower case.
    expressions: BTreeSet<String>,
}

impl Names {
    fn read(&mut self, tree: &Tree<'_>) {
        match tree {
            Tree::List(items) => items.iter().for_each(|item| self.read(item)),
            Tree::Object(object) => self.object(object),
            _ => {}
        }
    }

    fn object(&mut self, object: &Object<'_>) {
        // Values can contain anything, also what looks like a node.
        if object.text("class") == "CONSTANT" {
            return;
        }
        if object.get("class").is_none() && object.text("type") == "BASE_TABLE" {
            let parts = ["catalog_name", "schema_name", "table_name"].map(|part| object.text(part));
            let parts = parts.into_iter().skip_while(|part| part.is_empty() || *part == "main");
            self.tables.insert(parts.collect::<Vec<_>>().join("."));
        }
        let expressions = object.get("cte_map").and_then(|map| map.get("map"));
        for entry in expressions.map(Tree::items).unwrap_or_default() {
            self.expressions.insert(entry.text("key").to_lowercase());
        }
        object.values().for_each(|value| self.read(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Limits, in_memory};

    #[test]
    fn the_tables_that_statements_name() {
        let connection = in_memory(&Limits::small()).unwrap();
        let reader = Reader::new(&connection);
        for (sql, tables) in [
            ("SELECT 1", Some(vec![])),
            ("SELECT sum(a) FROM main.orders o JOIN s.t USING (id)", Some(vec!["orders", "s.t"])),
            ("WITH Paid AS (FROM invoices) SELECT (SELECT max(b) FROM c) FROM paid", Some(vec!["c", "invoices"])),
            ("SELECT 'FROM x', {'type': 'BASE_TABLE', 'table_name': 'y'}", Some(vec![])),
            ("SELECT FROM `project.set.t`", None),
            ("DELETE FROM t", None),
        ] {
            let found = named(&reader, sql).unwrap();
            assert_eq!(found, tables.map(|names| names.into_iter().map(str::to_owned).collect()), "{sql}");
        }
    }
}
