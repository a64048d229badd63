//! `search_catalog`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::page;
use crate::cli::catalog::search;
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Tool, within};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchCatalog {
    /// Words, or a question in any form: "delay by airline"
    query: String,
    /// How many matches may come back
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 100))]
    limit: u64,
    /// How many of the best matches to leave out
    #[serde(default)]
    offset: u64,
}

fn default_limit() -> u64 {
    10
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Matches {
    /// The best first. kind is table or metric; id is what the other tools take
    matches: Vec<Value>,
    /// How many there are in all
    total: usize,
    /// The offset of the next page, if there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

impl Tool for SearchCatalog {
    const NAME: &str = "search_catalog";
    const TITLE: &str = "Search tables, columns and metrics";
    const DESCRIPTION: &str = "\
Finds the tables, columns and metrics that fit some words or a question, by their names and descriptions. Start here. Typing errors, \
other forms of a word and beginnings of words match, too. Only what the person may read is found. For each table it shows the columns \
that match; describe_table shows all of them.";
    type Data = Matches;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Matches>> {
        let limit = within("limit", self.limit, 1..=100)?;
        let found = search::find(&self.query, limit, self.offset, &call.context.api()?)?;
        let matches: Vec<Value> = serde_json::from_value(found.json["matches"].clone())?;
        let (matches, _) = page(matches, 0, limit)?;
        let (shown, total) = (matches.len(), found.body.total);
        let next = self.offset.saturating_add(shown as u64);
        let next_offset = (shown > 0 && next < total as u64).then_some(next);
        let summary = match (shown, next_offset) {
            (0, _) if total == 0 => {
                "Nothing that the person may read matches. Try other words, or list_tables.".to_owned()
            }
            (_, Some(next)) => format!("{shown} of {total} matches; the next ones: offset {next}."),
            _ => format!("{shown} of {total} matches."),
        };
        Ok(Answer::new(summary, Matches { matches, total, next_offset }))
    }
}
