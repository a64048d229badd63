//! `agnes admin metadata`

use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::cli::{CliError, Context, Output, Run, Table, commands};
use crate::protocol::discovery::Pushed;
use crate::protocol::metadata::{ColumnsDescribed, DescribeColumn, DescribeColumns, TableMetadata};

commands! {
    Metadata {
        Show(Show),
        Apply(Apply),
    }
}

/// Show what is known about the columns of a table
#[derive(clap::Args, Debug)]
pub struct Show {
    /// Name or id
    table: String,
}

impl Run for Show {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let found = context.api()?.get::<TableMetadata>(&["api", "admin", "metadata", &self.table], &[])?;
        if found.body.columns.is_empty() {
            return Output::message(format_args!("No column metadata for table: {}", self.table)).json(&found.json);
        }
        let mut table = Table::listing([("COLUMN", 30), ("BASETYPE", 12), ("CONFIDENCE", 12), ("DESCRIPTION", 40)]);
        for column in &found.body.columns {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            let (kind, confidence, about) =
                (text(&column.basetype), text(&column.confidence), text(&column.description));
            table.row([&column.column_name, &kind, &confidence, &about]);
        }
        Output::default().table(table).json(&found.json)
    }
}

/// Store descriptions of columns from a proposal
#[derive(clap::Args, Debug)]
pub struct Apply {
    /// JSON: {"tables": {"<table>": {"columns": {"<column>": {"basetype", "description", "confidence"}}}}}
    file: PathBuf,
    /// Show what would be stored
    #[arg(long)]
    dry_run: bool,
    /// Send the descriptions to the source of each table, too
    #[arg(long, conflicts_with = "dry_run")]
    push_to_source: bool,
}

#[derive(Deserialize)]
struct Proposal {
    tables: BTreeMap<String, ProposedTable>,
}

#[derive(Deserialize)]
struct ProposedTable {
    columns: BTreeMap<String, ProposedColumn>,
}

#[derive(Deserialize)]
struct ProposedColumn {
    #[serde(default)]
    basetype: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default = "high")]
    confidence: Option<String>,
}

fn high() -> Option<String> {
    Some("high".into())
}

impl Run for Apply {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let proposal = self.proposal()?;
        let count: usize = proposal.tables.values().map(|table| table.columns.len()).sum();
        if self.dry_run {
            let tables = proposal.tables.iter();
            let lines =
                tables.flat_map(|(table, proposed)| proposed.columns.keys().map(move |it| format!("  {table}.{it}")));
            let output = Output::message(format_args!("[DRY RUN] {count} column(s) would be stored:"));
            return Ok(lines.fold(output, |output, line| output.line(line)));
        }
        let api = context.api()?;
        for (table, proposed) in &proposal.tables {
            let columns = proposed.columns.iter().map(|(name, column)| DescribeColumn {
                column_name: name.clone(),
                basetype: column.basetype.clone(),
                description: column.description.clone(),
                confidence: column.confidence.clone(),
            });
            let request = DescribeColumns { columns: columns.collect(), source: Some("ai_enrichment".into()) };
            api.send::<ColumnsDescribed>(Method::POST, &["api", "admin", "metadata", table], &request)?;
        }
        let mut output = Output::message(format_args!("Imported {count} column(s) from proposal."));
        let (mut pushed, mut failed) = (BTreeMap::new(), BTreeMap::new());
        for table in proposal.tables.keys().filter(|_| self.push_to_source) {
            match api.post::<Pushed>(&["api", "admin", "metadata", table, "push"], &[]) {
                Ok(answer) => {
                    output = output.line(format_args!("Pushed {} column(s) of {table}.", answer.body.pushed));
                    pushed.insert(table, answer.body.pushed);
                }
                Err(error) => {
                    output = output.warn(format_args!("{table} was not pushed: {}", error.message)).exit(1);
                    failed.insert(table, error.message);
                }
            }
        }
        output.json(&json!({ "imported": count, "pushed": pushed, "failed": failed }))
    }
}

impl Apply {
    fn proposal(&self) -> Result<Proposal, CliError> {
        let path = self.file.display();
        let text = std::fs::read_to_string(&self.file)
            .map_err(|error| CliError::new("no_file", format!("cannot read {path}: {error}")))?;
        serde_json::from_str(&text)
            .map_err(|error| CliError::new("bad_input", format!("{path} is not a proposal: {error}")))
    }
}
