//! The walk over one statement's tree.

use serde_json::{Map, Value};

use super::super::QueryError;
use super::super::namespace::Namespace;
use super::{contains_word, functions};
use crate::query::place;

type Object = Map<String, Value>;

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

pub struct Walk<'a> {
    pub namespace: &'a Namespace,
    pub exists: &'a dyn Fn(&str) -> bool,
    /// The statement, to show places in it.
    pub sql: &'a str,
}

/// The common table expressions in scope, innermost last, in lower case.
type Scope = Vec<String>;

impl Walk<'_> {
    pub fn statement(&self, statement: &Value) -> Result<(), QueryError> {
        self.value(statement, &Scope::new())
    }

    fn value(&self, value: &Value, scope: &Scope) -> Result<(), QueryError> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item, scope)),
            Value::Object(object) => self.object(object, scope),
            _ => Ok(()),
        }
    }

    fn object(&self, object: &Object, scope: &Scope) -> Result<(), QueryError> {
        let node = text(object, "type");
        match text(object, "class") {
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
        self.function(object, functions::is_allowed)?;
        match (object.contains_key("class"), node) {
            (false, "BASE_TABLE") => self.relation(object, scope)?,
            (false, "TABLE_FUNCTION") => return self.table_function(object, scope),
            // Only descriptions of a query; `SHOW TABLES` and the like list the catalog.
            (false, "SHOW_REF") if !is_described_query(object) => return Err(QueryError::Refused),
            _ => {}
        }
        if object.contains_key("cte_map") {
            return self.query_node(object, scope);
        }
        object.values().try_for_each(|value| self.value(value, scope))
    }

    /// Later expressions see earlier ones; only recursive ones see themselves.
    fn query_node(&self, node: &Object, outer: &Scope) -> Result<(), QueryError> {
        let mut scope = outer.clone();
        let entries = node["cte_map"].get("map").and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            let name = entry["key"].as_str().ok_or(QueryError::Refused)?.to_ascii_lowercase();
            if is_system_table(&name) {
                return Err(QueryError::Refused);
            }
            let body = &entry["value"]["query"]["node"];
            if body["type"] == "RECURSIVE_CTE_NODE" {
                // The first part runs before the expression exists.
                self.value(&body["left"], &scope)?;
                scope.push(name);
                self.value(&entry["value"], &scope)?;
            } else {
                self.value(&entry["value"], &scope)?;
                scope.push(name);
            }
        }
        node.iter().filter(|(key, _)| *key != "cte_map").try_for_each(|(_, value)| self.value(value, &scope))
    }

    fn table_function(&self, relation: &Object, scope: &Scope) -> Result<(), QueryError> {
        let function = relation.get("function").and_then(Value::as_object).ok_or(QueryError::Refused)?;
        if text(function, "class") != "FUNCTION" {
            return Err(QueryError::Refused);
        }
        self.function(function, functions::is_allowed_table_function)?;
        let inside = function.values();
        let beside = relation.iter().filter(|(key, _)| *key != "function").map(|(_, value)| value);
        inside.chain(beside).try_for_each(|value| self.value(value, scope))
    }

    fn function(&self, object: &Object, is_allowed: fn(&str) -> bool) -> Result<(), QueryError> {
        match object.get("function_name") {
            None => Ok(()),
            Some(Value::String(name)) if is_allowed(name) => padding(name, object),
            Some(_) => Err(QueryError::Refused),
        }
    }

    fn relation(&self, relation: &Object, scope: &Scope) -> Result<(), QueryError> {
        let [catalog, schema, table] = ["catalog_name", "schema_name", "table_name"].map(|key| text(relation, key));
        let lower = table.to_ascii_lowercase();
        if relation.get("at_clause").is_some_and(|clause| !clause.is_null()) {
            return Err(QueryError::Sql("AT (…) is not supported".into()));
        }
        let unqualified = catalog.is_empty() && (schema.is_empty() || schema.eq_ignore_ascii_case("recurring"));
        if unqualified && scope.contains(&lower) || self.namespace.contains(catalog, schema, table) {
            return Ok(());
        }
        let is_system =
            [catalog, schema].iter().any(|name| SYSTEM_SCHEMAS.contains(&name.to_ascii_lowercase().as_str()))
                || is_system_table(&lower);
        if is_system && !(unqualified && (self.exists)(table)) {
            return Err(QueryError::Refused);
        }
        // A readable table under the wrong source is a mistake, not a denial.
        if (self.exists)(table) && !self.namespace.contains("", "", table) {
            return Err(QueryError::Denied(table.to_owned()));
        }
        if table.contains(['/', '\\', ':', '*', '?', '[', '.']) {
            return Err(QueryError::Refused);
        }
        let similar = self.namespace.similar(table).map(|name| format!("\nDid you mean \"{name}\"?"));
        let offset = relation.get("query_location").and_then(Value::as_u64).and_then(|offset| offset.try_into().ok());
        let place = offset.and_then(|offset| place::at(self.sql, offset)).map(|place| format!("\n\n{place}"));
        let help = similar.into_iter().chain(place).collect();
        Err(QueryError::UnknownTable { name: table.to_owned(), help })
    }
}

/// Functions whose result is as long as an argument says.
const PADDING: [&str; 7] = ["format", "lpad", "printf", "repeat", "rpad", "fmt", "bar"];
/// Maximum length that a constant argument may request, in characters.
const MAX_TEXT_CHARS: u64 = 1_000_000;

/// Such a value is allocated at once, which neither the memory limit nor a timeout can stop.
fn padding(name: &str, call: &Object) -> Result<(), QueryError> {
    if !PADDING.contains(&name.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    let arguments = call.get("children").and_then(Value::as_array).into_iter().flatten();
    let too_long = |argument: &Value| match &argument["value"]["value"] {
        Value::Number(number) => number.as_f64().is_some_and(|number| number > MAX_TEXT_CHARS as f64),
        // A width within a format, such as `{:>100}`.
        Value::String(text) => text
            .split(|c: char| !c.is_ascii_digit())
            .any(|digits| digits.len() > 6 && digits.parse::<u64>().is_ok_and(|width| width > MAX_TEXT_CHARS)),
        _ => false,
    };
    match arguments.into_iter().any(too_long) {
        true => Err(QueryError::Sql(format!("{name} cannot make a text of more than {MAX_TEXT_CHARS} characters"))),
        false => Ok(()),
    }
}

fn is_system_table(lower: &str) -> bool {
    SYSTEM_TABLES.iter().any(|start| lower.starts_with(start))
}

fn is_described_query(object: &Object) -> bool {
    object.get("query").is_some_and(Value::is_object) && ["SUMMARY", "DESCRIBE"].contains(&text(object, "show_type"))
}

fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}
