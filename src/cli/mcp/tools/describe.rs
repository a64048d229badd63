//! `describe_table` and `sample_table`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::page;
use super::result::value_of;
use crate::cli::api::Response;
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Tool, within};
use crate::cli::{Api, CliError, v2};
use crate::protocol::v2::Sample;

/// All sampled rows together, as JSON.
const MAX_BYTES: usize = 30_000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribeTable {
    /// Id of a table, as search_catalog and list_tables show it
    table: String,
    /// How many rows to show; 0 for none
    #[serde(default = "default_described")]
    #[schemars(range(max = 20))]
    sample_rows: u64,
    /// How many columns to leave out, for tables with so many that not all are shown
    #[serde(default)]
    column_offset: u64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleTable {
    /// Id of a table, as search_catalog and list_tables show it
    table: String,
    /// How many rows to show
    #[serde(default = "default_sampled")]
    #[schemars(range(min = 1, max = 100))]
    rows: u64,
}

fn default_described() -> u64 {
    3
}

fn default_sampled() -> u64 {
    10
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Described {
    /// The columns with their types (DuckDB's names) and descriptions, rows and size_bytes of the table, and a description of it
    schema: Value,
    /// The column_offset of the next columns, if not all are here
    #[serde(skip_serializing_if = "Option::is_none")]
    next_column_offset: Option<u64>,
    sample: Sampled,
}

#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct Sampled {
    /// The first rows, each an object. DECIMAL, dates, times and integers beyond 2^53 are strings
    rows: Vec<Value>,
    /// Whether rows were left out because they are large
    truncated: bool,
}

impl Tool for DescribeTable {
    const NAME: &str = "describe_table";
    const TITLE: &str = "Describe a table";
    const DESCRIPTION: &str = "\
Shows the columns of a table with types and descriptions, how many rows it has, and a few of them. Use it before you write SQL. For a \
snapshot, or a table that exists in the workspace only, use query with DESCRIBE name.";
    type Data = Described;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Described>> {
        let rows = within("sample_rows", self.sample_rows, 0..=20)?;
        let api = call.context.api()?;
        let Response { body, json: mut schema } = v2::schema("describe", &self.table, &api)?;
        let columns: Vec<Value> = serde_json::from_value(schema["columns"].take())?;
        let (columns, next_column_offset) = page(columns, self.column_offset, u64::MAX)?;
        let sample = if rows == 0 { Sampled::default() } else { Sampled::fetch("describe", &self.table, rows, &api)? };
        let next =
            next_column_offset.map(|next| format!(" {} are here; the next ones: column_offset {next}.", columns.len()));
        let (table, total) = (&body.table_id, body.columns.len());
        let summary = format!("{table} has {total} columns.{} {}", next.unwrap_or_default(), sample.summary());
        schema["columns"] = columns.into();
        Ok(Answer::new(summary, Described { schema, next_column_offset, sample }))
    }
}

impl Tool for SampleTable {
    const NAME: &str = "sample_table";
    const TITLE: &str = "Show some rows of a table";
    const DESCRIPTION: &str = "\
Shows the first rows of a table on the server. They are not a random sample: to judge values, use query with SUMMARIZE name or an \
aggregate.";
    type Data = Sampled;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Sampled>> {
        let rows = within("rows", self.rows, 1..=100)?;
        let sample = Sampled::fetch("sample", &self.table, rows, &call.context.api()?)?;
        Ok(Answer::new(sample.summary(), sample))
    }
}

impl Sampled {
    fn fetch(what: &str, table: &str, rows: u64, api: &Api) -> anyhow::Result<Self> {
        let raw = v2::sample(what, table, u8::try_from(rows)?, api)?;
        let sample: Sample = serde_json::from_str(raw.get())
            .map_err(|error| CliError::new("bad_answer", format!("the server's sample cannot be read: {error}")))?;
        let mut bytes = 0;
        let rows = sample.rows.iter().map(|row| row.get()).take_while(|row| {
            bytes += row.len();
            bytes <= MAX_BYTES
        });
        let rows: Vec<Value> = rows.map(value_of).collect::<Result<_, _>>()?;
        let truncated = sample.truncated || rows.len() < sample.rows.len();
        Ok(Self { rows, truncated })
    }

    fn summary(&self) -> String {
        let cut = if self.truncated { " Further rows are left out, because they are large." } else { "" };
        format!("{} of its rows are shown.{cut}", self.rows.len())
    }
}
