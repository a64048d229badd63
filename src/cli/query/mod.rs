//! `agnes query`

mod cell;
mod local;
mod output;
mod remote;
mod table;

use std::io::Read;
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Deserialize;

use super::{CliError, Context, Mode};
use crate::protocol::query::DEFAULT_LIMIT;

#[derive(clap::Args, Debug)]
pub struct Args {
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
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    /// Most rows that are shown
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

impl Args {
    /// Errors are text in every format: the format is that of the rows.
    pub fn mode(&self) -> Mode {
        Mode::Normal
    }
}

pub fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let sql = sql(&args)?;
    let truncated = if args.remote {
        remote::run(&sql, args.limit, args.format, context)?
    } else {
        local::run(&sql, args.limit, args.format, context)?
    };
    if truncated {
        context.printer.note(format_args!("(truncated at {} rows)", args.limit));
    }
    Ok(ExitCode::SUCCESS)
}

/// The SQL from the one place that has it.
fn sql(args: &Args) -> Result<String, CliError> {
    match (&args.positional, &args.sql, args.stdin) {
        (Some(sql), None, false) | (None, Some(sql), false) => Ok(sql.clone()),
        (None, None, true) => from_stdin(),
        (None, None, false) => {
            Err(CliError::new("no_sql", "Error: no SQL given")
                .hint("Give it as an argument, with --sql, or with --stdin."))
        }
        _ => Err(CliError::new("no_sql", "Error: give the SQL once: as an argument, with --sql, or with --stdin")),
    }
}

fn from_stdin() -> Result<String, CliError> {
    #[derive(Deserialize)]
    struct Input {
        sql: String,
        /// Results of BigQuery to join with, by alias.
        #[serde(default)]
        register_bq: Option<serde_json::Map<String, serde_json::Value>>,
    }
    let mut text = String::new();
    let failed = |reason: String| CliError::new("bad_input", format!("Error: failed to parse stdin JSON: {reason}"));
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    // serde takes a list for a struct; only an object is meant.
    if !text.trim_start().starts_with('{') {
        return Err(failed("expected an object like {\"sql\": \"SELECT 1\"}".into()));
    }
    let input: Input = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    if input.register_bq.is_some_and(|aliases| !aliases.is_empty()) {
        return Err(CliError::new("unsupported", "Error: BigQuery results cannot be registered yet (register_bq)")
            .hint("Leave register_bq out, and query the tables that `agnes pull` brought."));
    }
    Ok(input.sql)
}
