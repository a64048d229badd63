//! The walk over one statement's tree.

use std::collections::{HashMap, HashSet};

use super::super::QueryError;
use super::{Relation, contains_word, functions};
use crate::engine::tree::{Object, Tree};

/// Classes of expressions that may occur.
const EXPRESSIONS: &str = "\
    BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT DEFAULT FUNCTION LAMBDA LAMBDA_REF OPERATOR \
    POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW";

/// Types of query nodes, relations and modifiers that may occur.
const NODES: &str = "\
    SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE BASE_TABLE EMPTY EXPRESSION_LIST JOIN PIVOT SHOW_REF \
    SUBQUERY TABLE_FUNCTION DISTINCT_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER ORDER_DEFAULT \
    ASCENDING DESCENDING";

const SYSTEM_SCHEMAS: [&str; 4] = ["information_schema", "pg_catalog", "system", "temp"];
const SYSTEM_TABLES: [&str; 7] =
    ["pg_", "sqlite_", "duckdb_", "pragma_", "information_schema", "_meta", "_remote_attach"];

/// The tables that a statement names, if it holds nothing but what is allowed.
pub fn relations(statement: &Tree<'_>) -> Result<Vec<Relation>, QueryError> {
    let mut walk = Walk::default();
    walk.tree(statement)?;
    Ok(walk.relations)
}

#[derive(Default)]
struct Walk {
    relations: Vec<Relation>,
    known: HashSet<[String; 3]>,
    scope: Scope,
}

/// The common table expressions in scope, in lower case.
#[derive(Default)]
struct Scope {
    /// Innermost last.
    names: Vec<String>,
    counts: HashMap<String, usize>,
}

impl Scope {
    fn add(&mut self, name: String) {
        *self.counts.entry(name.clone()).or_default() += 1;
        self.names.push(name);
    }

    fn truncate(&mut self, length: usize) {
        for name in self.names.drain(length..) {
            if let Some(count) = self.counts.get_mut(&name) {
                *count -= 1;
            }
        }
    }

    fn contains(&self, name: &str) -> bool {
        self.counts.get(name).is_some_and(|count| *count > 0)
    }
}

impl Walk {
    fn tree(&mut self, tree: &Tree<'_>) -> Result<(), QueryError> {
        match tree {
            Tree::List(items) => items.iter().try_for_each(|item| self.tree(item)),
            Tree::Object(object) => self.object(object),
            _ => Ok(()),
        }
    }

    fn object(&mut self, object: &Object<'_>) -> Result<(), QueryError> {
        let node = object.text("type");
        match object.text("class") {
            // Values can contain anything, also what looks like a node.
            "CONSTANT" => return Ok(()),
            "PARAMETER" => {
                return Err(QueryError::Sql("Prepared parameters ($1, ?) have no value here; write the value".into()));
            }
            "" if node.is_empty() || node.ends_with("_TYPE_INFO") => {}
            "" if contains_word(NODES, node) => {}
            class if contains_word(EXPRESSIONS, class) => {}
            _ => return Err(QueryError::Refused),
        }
        function(object, functions::is_allowed)?;
        match (object.get("class").is_some(), node) {
            (false, "BASE_TABLE") => self.relation(object)?,
            (false, "TABLE_FUNCTION") => return self.table_function(object),
            // Only descriptions of a query; `SHOW TABLES` and the like list the catalog.
            (false, "SHOW_REF") if !is_described_query(object) => return Err(QueryError::Refused),
            _ => {}
        }
        if object.get("cte_map").is_some() {
            return self.query_node(object);
        }
        object.values().try_for_each(|value| self.tree(value))
    }

    /// Later expressions see earlier ones.
    fn query_node(&mut self, node: &Object<'_>) -> Result<(), QueryError> {
        let outer = self.scope.names.len();
        self.expressions(node)?;
        self.all_but(&["cte_map"], node)?;
        self.scope.truncate(outer);
        Ok(())
    }

    /// Adds the expressions that begin a query.
    fn expressions(&mut self, node: &Object<'_>) -> Result<(), QueryError> {
        let entries = node.get("cte_map").and_then(|map| map.get("map"));
        for entry in entries.map(Tree::items).unwrap_or_default() {
            let name = entry.get("key").and_then(Tree::as_text).ok_or(QueryError::Refused)?.to_ascii_lowercase();
            if is_system_table(&name) {
                return Err(QueryError::Refused);
            }
            let value = entry.get("value").and_then(Tree::as_object).ok_or(QueryError::Refused)?;
            let query = value.get("query").and_then(Tree::as_object).ok_or(QueryError::Refused)?;
            let body = query.get("node").and_then(Tree::as_object).ok_or(QueryError::Refused)?;
            if body.text("type") == "RECURSIVE_CTE_NODE" {
                self.recursive(&name, body)?;
                self.all_but(&["node"], query)?;
                self.all_but(&["query"], value)?;
            } else {
                self.object(value)?;
            }
            self.scope.add(name);
        }
        Ok(())
    }

    /// Only the second part of a recursive expression sees the expression itself.
    fn recursive(&mut self, name: &str, body: &Object<'_>) -> Result<(), QueryError> {
        let outer = self.scope.names.len();
        self.expressions(body)?;
        self.all_but(&["cte_map", "right"], body)?;
        self.scope.add(name.to_owned());
        self.tree(body.get("right").ok_or(QueryError::Refused)?)?;
        self.scope.truncate(outer);
        Ok(())
    }

    fn all_but(&mut self, left_out: &[&str], object: &Object<'_>) -> Result<(), QueryError> {
        let rest = object.members().filter(|(name, _)| !left_out.contains(name));
        rest.map(|(_, value)| value).try_for_each(|value| self.tree(value))
    }

    fn table_function(&mut self, relation: &Object<'_>) -> Result<(), QueryError> {
        let called = relation.get("function").and_then(Tree::as_object).ok_or(QueryError::Refused)?;
        if called.text("class") != "FUNCTION" {
            return Err(QueryError::Refused);
        }
        function(called, functions::is_allowed_table_function)?;
        let beside = relation.members().filter(|(key, _)| *key != "function").map(|(_, value)| value);
        called.values().chain(beside).try_for_each(|value| self.tree(value))
    }

    fn relation(&mut self, relation: &Object<'_>) -> Result<(), QueryError> {
        if relation.get("at_clause").is_some() {
            return Err(QueryError::Sql("AT (…) is not supported".into()));
        }
        let [catalog, schema, table] = ["catalog_name", "schema_name", "table_name"].map(|key| relation.text(key));
        let is_unqualified = catalog.is_empty() && (schema.is_empty() || schema.eq_ignore_ascii_case("recurring"));
        if is_unqualified && self.scope.contains(&table.to_ascii_lowercase()) {
            return Ok(());
        }
        let [catalog, schema, table] = [catalog, schema, table].map(str::to_owned);
        if self.known.insert([catalog.clone(), schema.clone(), table.clone()]) {
            let offset = relation.number("query_location").map(|offset| offset as usize);
            self.relations.push(Relation { catalog, schema, table, offset });
        }
        Ok(())
    }
}

fn function(object: &Object<'_>, is_allowed: fn(&str) -> bool) -> Result<(), QueryError> {
    match object.get("function_name") {
        None => Ok(()),
        Some(Tree::Text(name)) if is_allowed(name) => padding(name, object),
        Some(_) => Err(QueryError::Refused),
    }
}

/// Functions whose result is as long as an argument says.
const PADDING: [&str; 7] = ["format", "lpad", "printf", "repeat", "rpad", "fmt", "bar"];
/// Maximum length that a constant argument may request, in characters.
const MAX_TEXT_CHARS: u64 = 1_000_000;

/// Such a value is allocated at once, which neither the memory limit nor a timeout can stop.
fn padding(name: &str, call: &Object<'_>) -> Result<(), QueryError> {
    if !PADDING.contains(&name.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    let arguments = call.get("children").map(Tree::items).unwrap_or_default();
    let too_long = |argument: &Tree<'_>| match argument.get("value").and_then(|value| value.get("value")) {
        Some(Tree::Number(number)) => *number > MAX_TEXT_CHARS as f64,
        // A width within a format, such as `{:>100}`.
        Some(Tree::Text(text)) => text
            .split(|c: char| !c.is_ascii_digit())
            .any(|digits| digits.len() > 6 && digits.parse::<u64>().is_ok_and(|width| width > MAX_TEXT_CHARS)),
        _ => false,
    };
    match arguments.iter().any(too_long) {
        true => Err(QueryError::Sql(format!("{name} cannot make a text of more than {MAX_TEXT_CHARS} characters"))),
        false => Ok(()),
    }
}

/// Whether it names a table of the engine's own, whose answer must not depend on what else exists.
pub fn is_system(relation: &Relation) -> bool {
    let is_schema = |name: &String| SYSTEM_SCHEMAS.contains(&name.to_ascii_lowercase().as_str());
    is_schema(&relation.catalog) || is_schema(&relation.schema) || is_system_table(&relation.table.to_ascii_lowercase())
}

fn is_system_table(lower: &str) -> bool {
    SYSTEM_TABLES.iter().any(|start| lower.starts_with(start))
}

/// Whether the whole statement is `SHOW TABLES`.
pub fn is_show_tables(statement: &Tree<'_>) -> bool {
    let shown = statement.get("node").and_then(|node| node.get("from_table")).and_then(Tree::as_object);
    shown.is_some_and(|shown| {
        let is_unqualified = shown.text("show_type") == "SHOW_UNQUALIFIED";
        shown.text("type") == "SHOW_REF" && is_unqualified && shown.text("table_name") == "\"tables\""
    })
}

fn is_described_query(object: &Object<'_>) -> bool {
    let is_query = object.get("query").is_some_and(|query| query.as_object().is_some());
    is_query && ["SUMMARY", "DESCRIBE"].contains(&object.text("show_type"))
}
