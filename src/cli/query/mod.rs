//! `agnes query`

mod file;
pub(super) mod local;
pub(super) mod remote;
mod rows;
mod scope;
mod shown;

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{CliError, Context, Output, Run};
use crate::cli::units::human_size;
use crate::engine::{Connection, Watch};
use crate::protocol::query::DEFAULT_LIMIT;
use crate::query::output::End;
use crate::query::{self, MAX_STREAMED_ROWS};
pub use file::ResultFile;
pub use remote::Statement;
use rows::Printed;
pub use rows::Rows;
pub use scope::{Decision, decide};

/// People stop their statements themselves.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);

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
    /// Run it on the server instead of on the pulled files, like --scope remote
    #[arg(long, conflicts_with = "scope")]
    remote: bool,
    /// Where to run it
    #[arg(long, value_enum, default_value_t)]
    scope: Scope,
    #[command(flatten)]
    result: ResultOptions,
}

/// What becomes of the rows.
#[derive(clap::Args, Debug)]
pub struct ResultOptions {
    /// Format of the rows; --json stands for json, and makes errors JSON too
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    /// Write the rows into a file instead, by its name's ending .parquet or .csv
    #[arg(long, short, value_name = "FILE", conflicts_with = "format")]
    output: Option<PathBuf>,
    /// Maximum number of rows [default: 1000; with --output all, or 10,000,000 from the server]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    limit: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Csv,
}

/// Where a statement runs.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// On the pulled files
    #[default]
    Local,
    /// On the server
    Remote,
    /// On the pulled files if all its tables are among them and as current as on the server, else on the server
    Auto,
}

impl Run for Query {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let sql = self.sql()?;
        let scope = if self.remote { Scope::Remote } else { self.scope };
        self.result.of(&sql, scope, &mut Watch::new(), context)
    }
}

impl ResultOptions {
    /// Of at most `limit` rows, or all of them in a file.
    pub fn new(format: Format, output: Option<PathBuf>, limit: i64) -> Self {
        let limit = output.is_none().then_some(limit);
        Self { format, output, limit }
    }

    /// Runs a statement where the scope says; one that runs here is watched.
    pub fn of(&self, sql: &str, scope: Scope, watch: &mut Watch, context: &Context) -> anyhow::Result<Output> {
        let decision = match Decision::asked(scope) {
            Some(decision) => decision,
            None => match context.block_on(query::read(sql))? {
                Ok(reading) => decide(reading.outline(), context)?,
                Err(_) => Decision::here("it is not a statement that the server would run"),
            },
        };
        let output = match decision.is_remote {
            true => self.of_server(&Statement::Sql(sql), context)?,
            false => {
                let database = local::connect(sql, context)?;
                watch.run(&database, NO_LIMIT, |connection| self.of_pulled(connection, sql, context))?
            }
        };
        if scope != Scope::Auto {
            return Ok(output);
        }
        let place = if decision.is_remote { "on the server" } else { "on the pulled files" };
        Ok(output.remark(format_args!("(ran {place}: {})", decision.reason)))
    }

    /// Runs a statement on the server.
    pub fn of_server(&self, statement: &Statement<'_>, context: &Context) -> anyhow::Result<Output> {
        if let Some(path) = &self.output {
            let (file, limit) = (ResultFile::new(path)?, self.limit().unwrap_or(MAX_STREAMED_ROWS));
            return saved(&file, remote::save(statement, limit, &file, context)?);
        }
        let limit = self.limit().unwrap_or(DEFAULT_LIMIT as usize);
        show_remote(statement, limit, self.format(context), context)
    }

    fn of_pulled(&self, connection: &Connection, sql: &str, context: &Context) -> anyhow::Result<Output> {
        if let Some(path) = &self.output {
            let (file, limit) = (ResultFile::new(path)?, self.limit().unwrap_or(usize::MAX));
            return saved(&file, local::save(connection, sql, limit, &file)?);
        }
        let limit = self.limit().unwrap_or(DEFAULT_LIMIT as usize);
        let printed = Printed::new(self.format(context), &context.printer);
        let (printed, is_truncated) = local::pass(connection, sql, limit, printed)?;
        Ok(remark(printed.end()?, limit, is_truncated))
    }

    fn limit(&self) -> Option<usize> {
        self.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }

    fn format(&self, context: &Context) -> Format {
        if context.printer.is_json { Format::Json } else { self.format }
    }
}

fn saved(file: &ResultFile, end: End) -> anyhow::Result<Output> {
    let End { rows, is_truncated } = end;
    let (path, bytes) = (file.path.display().to_string(), std::fs::metadata(&file.path)?.len());
    let output = Output::message(format_args!("Wrote {rows} rows to {path} ({}).", human_size(bytes)));
    let output = remark(output, rows, is_truncated);
    output.json(&json!({ "file": path, "rows": rows, "bytes": bytes, "truncated": is_truncated }))
}

/// Runs a statement on the server, and shows at most `limit` rows.
pub fn show_remote(
    statement: &Statement<'_>,
    limit: usize,
    format: Format,
    context: &Context,
) -> anyhow::Result<Output> {
    let (printed, is_truncated) = remote::pass(statement, limit, Printed::new(format, &context.printer), context)?;
    Ok(remark(printed.end()?, limit, is_truncated))
}

/// The output with a remark if rows are missing.
fn remark(output: Output, limit: usize, is_truncated: bool) -> Output {
    if is_truncated { output.remark(format_args!("(truncated at {limit} rows)")) } else { output }
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
