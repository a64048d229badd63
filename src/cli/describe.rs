//! `agnes describe`

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{CliError, Context, Output, Run, v2};
use crate::protocol::v2::Sample;

/// Show the columns of a table, and a few rows
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  agnes describe orders -n 5
  agnes describe orders --json | jq '.sample.rows[0]'")]
pub struct Describe {
    /// Id of the table, as `agnes catalog` shows it
    table: String,
    /// Number of rows, up to 100
    #[arg(long, short = 'n', value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=100))]
    rows: u8,
}

#[derive(Serialize)]
struct Described<'a> {
    schema: &'a Value,
    sample: &'a RawValue,
}

impl Run for Describe {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let schema = v2::schema("describe", &self.table, &api)?;
        let raw = v2::sample("describe", &self.table, self.rows, &api)?;
        let sample: Sample = serde_json::from_str(raw.get())
            .map_err(|error| CliError::new("bad_answer", format!("the server's sample cannot be read: {error}")))?;
        let mut output = Output::message(format_args!("Table: {}", schema.body.table_id)).line("").line("Schema:");
        for column in &schema.body.columns {
            output = output.line(format_args!("  {:30} {}", column.name, column.column_type));
        }
        output = output.line("").line(format_args!("Sample ({} rows):", sample.rows.len()));
        for row in &sample.rows {
            output = output.line(format_args!("  {}", row.get()));
        }
        if sample.truncated {
            output = output.note("(further rows are left out, because they are large)");
        }
        output.json(&Described { schema: &schema.json, sample: &raw })
    }
}
