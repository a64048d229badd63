//! `agnes saved save`

use std::io::Read;

use clap::Args;
use reqwest::Method;

use super::keep::every;
use super::{QUERIES, all};
use crate::base::text::shell_word;
use crate::cli::{CliError, Context, Output, Run};
use crate::protocol::saved_queries::{SaveQuery, SavedQuery, UpdateSavedQuery};

/// Save a query under a name, e.g. `agnes saved save turnover 'SELECT sum(amount) FROM orders'`
#[derive(Args, Debug)]
pub struct Save {
    /// What it is called
    name: String,
    /// The SQL, or @FILE to read it from a file
    #[arg(value_name = "SQL|@FILE")]
    positional: Option<String>,
    /// The SQL, or @FILE, as an option
    #[arg(long, value_name = "SQL|@FILE", conflicts_with = "positional")]
    sql: Option<String>,
    /// Read the SQL from stdin
    #[arg(long, conflicts_with_all = ["positional", "sql"])]
    stdin: bool,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Keep the result as a table of this name
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// When the table is refreshed: `1h`, `daily 05:00`, `*/15 6-18 * * 1-5` (UTC)
    #[arg(long, value_name = "SCHEDULE", requires = "table")]
    every: Option<String>,
    /// Change a query of yours that has this name already; what is not given stays
    #[arg(long)]
    replace: bool,
}

impl Run for Save {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let sql = self.sql()?;
        let Self { name, description, table, every: schedule, replace, .. } = self;
        let schedule = schedule.map(|schedule| every(&schedule));
        let own = all(&api)?.into_iter().find(|query| query.is_own && query.name.to_lowercase() == name.to_lowercase());
        let saved = match own {
            Some(query) if replace => {
                let change = UpdateSavedQuery { name: Some(name), sql: Some(sql), description, table, schedule };
                api.send::<SavedQuery>(Method::PATCH, &["api", "saved-queries", &query.id], &change)?
            }
            Some(_) => {
                let error = CliError::bare("exists", format!("You have a saved query named {name} already"));
                return Err(error.hint("Add --replace to change it.").into());
            }
            None => api.send(Method::POST, &QUERIES, &SaveQuery { name, sql, description, table, schedule })?,
        };
        let output = Output::message(format_args!("Saved {}", saved.body.name));
        let output = match &saved.body.table {
            Some(table) if saved.body.last_run.is_none() => {
                let name = shell_word(&saved.body.name);
                output.note(format_args!("The table {table} has no rows yet; fill it with: agnes saved refresh {name}"))
            }
            _ => output,
        };
        output.json(&saved.json)
    }
}

impl Save {
    fn sql(&self) -> Result<String, CliError> {
        let failed = |what: &str, error: std::io::Error| CliError::new("input", format!("cannot read {what}: {error}"));
        if self.stdin {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).map_err(|error| failed("stdin", error))?;
            return Ok(text);
        }
        let given = self.positional.as_ref().or(self.sql.as_ref()).ok_or_else(|| {
            CliError::usage("no SQL given").hint("Give it as an argument, as @FILE, or with --stdin.")
        })?;
        match given.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file).map_err(|error| failed(file, error)),
            None => Ok(given.clone()),
        }
    }
}
