//! The queries that find the values of a `PIVOT`, made from the engine's syntax tree of the whole statement.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::super::QueryError;
use super::super::policy::PIVOT_WITHOUT_VALUES;
use crate::base::ident::quote_literal;

type Members<'a> = HashMap<String, &'a RawValue>;

/// A query, and the syntax tree that it runs.
pub struct Query {
    pub sql: String,
    pub tree: String,
}

/// The query of each mark in the tree, of which at most `levels` levels are read. Fails if one mark is not the value of a
/// `PIVOT`, or is found within another's source.
pub fn queries(tree: &str, marks: &[String], levels: usize) -> Result<Vec<Query>, QueryError> {
    let mut walk = Walk { marks, trees: vec![None; marks.len()], is_deep: false };
    let is_read = serde_json::from_str(tree).is_ok_and(|tree| walk.value(tree, &[], levels).is_some());
    if walk.is_deep {
        return Err(QueryError::TooComplex("the statement is nested too deeply".into()));
    }
    let has_mark = |tree: &String| marks.iter().any(|mark| tree.contains(mark));
    let trees = walk.trees.into_iter().collect::<Option<Vec<String>>>();
    let trees = trees.filter(|trees| is_read && !trees.iter().any(has_mark));
    let query = |tree: String| {
        let sql = format!("SELECT * FROM json_execute_serialized_sql({})", quote_literal(&tree));
        Query { sql, tree }
    };
    let trees = trees.ok_or_else(|| QueryError::Sql(PIVOT_WITHOUT_VALUES.into()))?;
    Ok(trees.into_iter().map(query).collect())
}

struct Walk<'a> {
    marks: &'a [String],
    trees: Vec<Option<String>>,
    is_deep: bool,
}

impl Walk<'_> {
    /// `known`: the common table expressions in scope, outermost first.
    fn value(&mut self, value: &RawValue, known: &[&RawValue], levels: usize) -> Option<()> {
        if !self.marks.iter().any(|mark| value.get().contains(mark)) {
            return Some(());
        }
        let Some(levels) = levels.checked_sub(1) else {
            self.is_deep = true;
            return None;
        };
        match value.get().as_bytes().first() {
            Some(b'[') => items(value)?.into_iter().try_for_each(|item| self.value(item, known, levels)),
            Some(b'{') => self.node(&members(value)?, known, levels),
            _ => Some(()),
        }
    }

    fn node(&mut self, node: &Members<'_>, known: &[&RawValue], levels: usize) -> Option<()> {
        if is(node, "type", "PIVOT") && !node.contains_key("class") {
            let source = node.get("source")?;
            for pivot in node.get("pivots").and_then(|pivots| items(pivots))? {
                self.pivot(&members(pivot)?, source, known)?;
            }
        }
        let mut known = known.to_vec();
        for entry in node.get("cte_map").and_then(|map| items(members(map)?.get("map")?)).unwrap_or_default() {
            self.value(entry, &known, levels)?;
            let key = name(entry)?;
            // An inner one hides an outer one.
            known.retain(|other| name(other).as_ref() != Some(&key));
            known.push(entry);
        }
        let rest = node.iter().filter(|(name, _)| *name != "cte_map");
        rest.map(|(_, value)| value).try_for_each(|value| self.value(value, &known, levels))
    }

    fn pivot(&mut self, pivot: &Members<'_>, source: &RawValue, known: &[&RawValue]) -> Option<()> {
        let Some(entries) = pivot.get("entries").map(|entries| entries.get()) else { return Some(()) };
        let marked = |mark: &String| entries.contains(&format!("\"value\":\"{mark}\""));
        let Some(index) = self.marks.iter().position(marked) else { return Some(()) };
        let [column] = items(pivot.get("pivot_expressions")?)?[..] else { return None };
        self.trees[index] = Some(select(column, source, known));
        Some(())
    }
}

/// As the engine would do it: `SELECT DISTINCT column::VARCHAR FROM source WHERE column IS NOT NULL`.
fn select(column: &RawValue, source: &RawValue, known: &[&RawValue]) -> String {
    let known: Vec<&str> = known.iter().map(|entry| entry.get()).collect();
    format!(
        r#"{{"error":false,"statements":[{{"node":{{"type":"SELECT_NODE","modifiers":[{{"type":"DISTINCT_MODIFIER",
           "distinct_on_targets":[]}}],"cte_map":{{"map":[{known}]}},"select_list":[{{"class":"CAST","type":"OPERATOR_CAST",
           "alias":"","child":{column},"cast_type":{{"id":"VARCHAR"}},"try_cast":false}}],"from_table":{source},
           "where_clause":{{"class":"OPERATOR","type":"OPERATOR_IS_NOT_NULL","alias":"","children":[{column}]}},
           "group_expressions":[],"group_sets":[],"aggregate_handling":"STANDARD_HANDLING"}},"named_param_map":[]}}]}}"#,
        known = known.join(",")
    )
}

fn items(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

fn members(value: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(value.get()).ok()
}

fn is(node: &Members<'_>, key: &str, text: &str) -> bool {
    node.get(key).is_some_and(|value| value.get() == format!("\"{text}\""))
}

/// The name of a common table expression, in lower case.
fn name(entry: &RawValue) -> Option<String> {
    Some(members(entry)?.get("key")?.get().to_lowercase())
}
