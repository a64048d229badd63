//! `list_snapshots`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::page;
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Tool};
use crate::cli::snapshot::stored;
use crate::cli::workspace::Workspace;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSnapshots {
    /// How many snapshots to leave out, in the order of names
    #[serde(default)]
    offset: u64,
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Listed {
    /// Each with its name, which SQL uses like that of a table, the table that it was made from, the columns and the predicate
    /// that were selected, its rows, and when it was fetched
    snapshots: Vec<Value>,
    /// The offset of the next page, if there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

impl Tool for ListSnapshots {
    const NAME: &str = "list_snapshots";
    const TITLE: &str = "List snapshots";
    const DESCRIPTION: &str = "\
Lists the snapshots of the workspace: parts of tables, filtered on the server and kept here. query can name them like tables. They do \
not change until the person refreshes them (agnes snapshot refresh).";
    type Data = Listed;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Listed>> {
        let workspace = Workspace::locate(&call.context, false)?;
        let all = stored::all(&workspace)?.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        let total = all.len();
        let (snapshots, next_offset) = page(all, self.offset, u64::MAX)?;
        let summary = match (total, next_offset) {
            (0, _) => {
                "The workspace has no snapshots. People make one with: agnes snapshot create TABLE --where …".to_owned()
            }
            (_, Some(next)) => format!("{} of {total} snapshots; the next ones: offset {next}.", snapshots.len()),
            _ => format!("{} of {total} snapshots.", snapshots.len()),
        };
        Ok(Answer::new(summary, Listed { snapshots, next_offset }))
    }
}
