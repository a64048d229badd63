//! What a predicate consists of.

use std::collections::HashSet;

use super::flaw::{Flaw, Kind};
use super::functions::{Allowed, NAMES, allowed};
use super::selection::Selection;
use crate::engine::tree::{Object, Tree};

/// Classes of expressions that may occur beside functions, columns and casts.
const EXPRESSIONS: [&str; 6] = ["BETWEEN", "CASE", "CAST", "COMPARISON", "CONJUNCTION", "CONSTANT"];

/// Operators that the tree names by their type.
const OPERATORS: [&str; 8] = [
    "OPERATOR_NOT",
    "OPERATOR_IS_NULL",
    "OPERATOR_IS_NOT_NULL",
    "OPERATOR_COALESCE",
    "COMPARE_IN",
    "COMPARE_NOT_IN",
    "ARRAY_EXTRACT",
    "ARRAY_SLICE",
];

/// The first flaw of each sort, and what decides about columns.
pub struct Findings<'a> {
    alias: &'a str,
    /// In lower case. The engine, too, compares without regard to the case of ASCII letters only.
    columns: HashSet<String>,
    structure: Option<Flaw>,
    other_table: Option<Flaw>,
    function: Option<Flaw>,
    column: Option<Flaw>,
}

impl<'a> Findings<'a> {
    pub fn of(predicate: &Tree<'_>, selection: &'a Selection) -> Self {
        let columns = selection.columns.iter().map(|column| column.to_ascii_lowercase()).collect();
        let (structure, other_table, function, column) = Default::default();
        let mut findings = Self { alias: &selection.alias, columns, structure, other_table, function, column };
        findings.walk(predicate);
        findings
    }

    /// In the documented order of checks.
    pub fn verdict(self) -> Result<(), Flaw> {
        match self.structure.or(self.other_table).or(self.function).or(self.column) {
            Some(flaw) => Err(flaw),
            None => Ok(()),
        }
    }

    fn walk(&mut self, tree: &Tree<'_>) {
        match tree {
            Tree::List(items) => items.iter().for_each(|item| self.walk(item)),
            Tree::Object(object) => self.object(object),
            Tree::Nothing | Tree::True | Tree::Number(_) | Tree::Text(_) => {}
        }
    }

    fn object(&mut self, object: &Object<'_>) {
        match object.text("class") {
            // Its value may look like anything.
            "CONSTANT" => return,
            "SUBQUERY" => {
                let flaw = || Flaw::new(Kind::NestedSelect, "a predicate cannot contain a SELECT");
                self.structure.get_or_insert_with(flaw);
                return;
            }
            "PARAMETER" => return self.disallow("placeholders (?, $1) have no value here; write the value"),
            "STAR" if object.get("columns").is_some() => return self.unknown("columns"),
            "STAR" => return self.disallow("* is not a value"),
            "WINDOW" => self.unknown(object.text("function_name")),
            "FUNCTION" => self.call(object),
            "COLUMN_REF" => return self.reference(object),
            "OPERATOR" => self.operator(object.text("type")),
            "" => {}
            class if EXPRESSIONS.contains(&class) => {}
            class => return self.disallow(&format!("{} is not allowed in a predicate", class.to_ascii_lowercase())),
        }
        object.values().for_each(|value| self.walk(value));
    }

    fn call(&mut self, call: &Object<'_>) {
        let name = call.text("function_name");
        let is_qualified = call.get("catalog").is_some() || !["", "main"].contains(&call.text("schema"));
        if name.contains('`') {
            // The parser takes any such character for an operator.
            let flaw = || Flaw::new(Kind::ParseError, "names are quoted with \", not with `");
            self.structure.get_or_insert_with(flaw);
            return;
        }
        match allowed(name, call.get("is_operator").is_some()) {
            _ if is_qualified => self.unknown(name),
            Allowed::Yes => {}
            Allowed::No => self.unknown(name),
            Allowed::Elsewhere => {
                let message = format!("DuckDB has no function {name}; write the predicate in DuckDB's SQL");
                self.refuse_function(name, &message);
            }
        }
    }

    fn operator(&mut self, name: &str) {
        if name == "STRUCT_EXTRACT" {
            let message = "fields of structs cannot be named in a predicate";
            self.other_table.get_or_insert_with(|| Flaw::new(Kind::CrossTableReference, message));
        } else if !OPERATORS.contains(&name) {
            self.unknown(name.trim_start_matches("OPERATOR_"));
        }
    }

    fn reference(&mut self, column: &Object<'_>) {
        let parts = column.get("column_names").map(Tree::items).unwrap_or_default();
        let parts: Vec<&str> = parts.iter().map(|part| part.as_text().unwrap_or_default()).collect();
        let (name, alias) = match parts.as_slice() {
            [name] if NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)) => return,
            [name] => (*name, self.alias),
            [qualifier, name] if qualifier.eq_ignore_ascii_case(self.alias) => (*name, self.alias),
            _ => {
                let reference = parts.join(".");
                let message = format!("{reference} is not a column of {}", self.alias);
                let flaw = || Flaw::new(Kind::CrossTableReference, &message).with("reference", &reference);
                self.other_table.get_or_insert_with(flaw);
                return;
            }
        };
        if !self.columns.contains(&name.to_ascii_lowercase()) {
            let flaw = || Flaw::new(Kind::UnknownColumn, &format!("{alias} has no column {name}")).with("column", name);
            self.column.get_or_insert_with(flaw);
        }
    }

    fn unknown(&mut self, name: &str) {
        self.refuse_function(name, &format!("{name} is not among the functions that a predicate may use"));
    }

    fn refuse_function(&mut self, name: &str, message: &str) {
        let flaw = || Flaw::new(Kind::UnknownFunction, message).with("function", &name.to_ascii_uppercase());
        self.function.get_or_insert_with(flaw);
    }

    fn disallow(&mut self, message: &str) {
        self.structure.get_or_insert_with(|| Flaw::new(Kind::DisallowedNode, message));
    }
}
