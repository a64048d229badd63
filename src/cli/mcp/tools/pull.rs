//! `pull`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Effect, Tool};
use crate::cli::pull::Pull;
use crate::cli::{CliError, Run};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PullTables {
    /// Only say what would be downloaded and removed, and change nothing
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, JsonSchema, Serialize)]
#[serde(transparent)]
pub struct Report(
    /// ok and errors say whether all went well; tables_updated, parquets_total and tables_removed what was done;
    /// would_download and would_remove what would be
    serde_json::Map<String, Value>,
);

impl Tool for PullTables {
    const NAME: &str = "pull";
    const TITLE: &str = "Pull tables into the workspace";
    const DESCRIPTION: &str = "\
Downloads the tables that the person may read into the workspace, those that are new or have changed, and removes the copies of those \
that they may no longer read. That can be many gigabytes: call it with dry_run first, and ask the person if it is much. Each table is \
verified before it replaces its old copy. Queries work without it, on the server.";
    const EFFECT: Effect = Effect::Replaces;
    type Data = Report;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Report>> {
        let output = Pull::new(self.dry_run).run(&call.context)?;
        let bad = || CliError::new("failed", "a pull reported nothing");
        let report: serde_json::Map<String, Value> = serde_json::from_str(&output.json_text()?.ok_or_else(bad)?)?;
        Ok(Answer::new(output.text(), Report(report)))
    }
}
