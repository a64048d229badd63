//! `agnes query`

mod local;
mod rows;

use std::io::Read;

use clap::ValueEnum;
use serde::Deserialize;

use super::{CliError, Context, Output, Run};
use crate::protocol::query::{DEFAULT_LIMIT, QueryRequest};
use rows::RowWriter;

/// Run SQL on the downloaded tables, or on the server
#[derive(clap::Args, Debug)]
pub struct Query {
    /// The SQL to run
    #[arg(value_name = "SQL")]
    positional: Option<String>,
    /// The SQL to run, as an option
    #[arg(long)]
    sql: Option<String>,
    /// Read {"sql": "…"} from stdin
    #[arg(long)]
    stdin: bool,
    /// Run it on the server instead of on the pulled files
    #[arg(long)]
    remote: bool,
    /// Format of the rows; --json stands for json, and makes errors JSON too
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    /// Maximum number of rows
    #[arg(long, default_value_t = DEFAULT_LIMIT, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Csv,
}

impl Run for Query {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let sql = self.sql()?;
        let format = if context.printer.is_json { Format::Json } else { self.format };
        let run = if self.remote { run_remotely } else { local::run };
        let (output, is_truncated) = run(&sql, self.limit, format, context)?;
        Ok(match is_truncated {
            true => output.remark(format_args!("(truncated at {} rows)", self.limit)),
            false => output,
        })
    }
}

impl Query {
    /// The SQL from the one place that has it.
    fn sql(&self) -> Result<String, CliError> {
        match (&self.positional, &self.sql, self.stdin) {
            (Some(sql), None, false) | (None, Some(sql), false) => Ok(sql.clone()),
            (None, None, true) => from_stdin(),
            (None, None, false) => {
                Err(CliError::new("no_sql", "no SQL given")
                    .hint("Give it as an argument, with --sql, or with --stdin."))
            }
            _ => Err(CliError::new("no_sql", "give the SQL once: as an argument, with --sql, or with --stdin")),
        }
    }
}

/// Runs a query on the server; the flag is whether it had more rows.
fn run_remotely(sql: &str, limit: i64, format: Format, context: &Context) -> anyhow::Result<(Output, bool)> {
    let request = QueryRequest { sql: sql.to_owned(), limit };
    let client = context.client()?;
    let answer = context.block_on(client.query(&request))?.map_err(CliError::from)?;
    let mut rows = RowWriter::begin(format, &answer.columns, &context.printer)?;
    for row in &answer.rows {
        rows.row(&row.iter().map(|value| value.get()).collect::<Vec<_>>())?;
    }
    Ok((rows.end()?, answer.truncated))
}

fn from_stdin() -> Result<String, CliError> {
    #[derive(Deserialize)]
    struct Input {
        sql: String,
        /// BigQuery results to join with, by alias.
        #[serde(default)]
        register_bq: Option<serde_json::Map<String, serde_json::Value>>,
    }
    let mut text = String::new();
    let failed = |reason: String| CliError::new("bad_input", format!("failed to parse stdin JSON: {reason}"));
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    // serde accepts a list for a struct; only an object is valid here.
    if !text.trim_start().starts_with('{') {
        return Err(failed("expected an object like {\"sql\": \"SELECT 1\"}".into()));
    }
    let input: Input = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    if input.register_bq.is_some_and(|aliases| !aliases.is_empty()) {
        return Err(CliError::new("unsupported", "BigQuery results cannot be registered yet (register_bq)")
            .hint("Leave register_bq out, and query the tables that `agnes pull` downloaded."));
    }
    Ok(input.sql)
}
