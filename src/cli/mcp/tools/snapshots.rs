//! `list_snapshots`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Tool};
use crate::cli::snapshot::stored;
use crate::cli::workspace::Workspace;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSnapshots {}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Listed {
    /// Each with its name, which SQL uses like that of a table, the table that it was made from, the columns and the predicate
    /// that were selected, its rows, and when it was fetched
    snapshots: Vec<Value>,
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
        let snapshots = stored::all(&workspace)?.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        let summary = match snapshots.len() {
            0 => {
                "The workspace has no snapshots. People make one with: agnes snapshot create TABLE --where …".to_owned()
            }
            1 => "1 snapshot.".to_owned(),
            count => format!("{count} snapshots."),
        };
        Ok(Answer::new(summary, Listed { snapshots }))
    }
}
