//! `agnes saved schedule` and `agnes saved refresh`

use clap::Args;
use reqwest::Method;

use super::{find, show::show};
use crate::cli::{CliError, Context, Output, Run, exit};
use crate::protocol::saved_queries::{SavedQuery, UpdateSavedQuery};

/// Keep the result of a saved query as a table, and refresh that on schedule
#[derive(Args, Debug)]
pub struct Schedule {
    /// Name or id
    query: String,
    /// When: `1h`, `daily 05:00`, `*/15 6-18 * * 1-5` (UTC)
    #[arg(long, value_name = "SCHEDULE", required_unless_present_any = ["table", "off"])]
    every: Option<String>,
    /// Name of the table; not needed if it has one
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Stop refreshing it; the table stays
    #[arg(long, conflicts_with_all = ["every", "table"])]
    off: bool,
}

impl Run for Schedule {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let query = find(&api, &self.query)?;
        let schedule = if self.off { Some(String::new()) } else { self.every.as_deref().map(every) };
        let change = UpdateSavedQuery { table: self.table, schedule, ..UpdateSavedQuery::default() };
        let changed = api.send::<SavedQuery>(Method::PATCH, &["api", "saved-queries", &query.id], &change)?;
        let SavedQuery { name, table, schedule, .. } = &changed.body;
        let table = table.as_deref().unwrap_or("no table");
        let output = match schedule {
            Some(schedule) => Output::message(format_args!("{name}: {table} is refreshed {schedule}")),
            None => Output::message(format_args!("{name}: {table} is refreshed on request only")),
        };
        output.json(&changed.json)
    }
}

/// Run a saved query as its owner, and keep the result as its table
#[derive(Args, Debug)]
pub struct Refresh {
    /// Name or id
    query: String,
}

impl Run for Refresh {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let query = find(&api, &self.query)?;
        let refreshed = api.wait_for::<SavedQuery>(&["api", "saved-queries", &query.id, "refresh"])?;
        let run = refreshed.body.last_run.clone();
        match run.as_ref().and_then(|run| run.error.clone()) {
            Some(error) if !context.printer.is_json => Err(CliError::new("refresh_failed", error)
                .hint("The table has the rows of the last run that did not fail.")
                .into()),
            Some(_) => Ok(show(&refreshed.body)?.exit(exit::FAILED)),
            None => {
                let rows = run.and_then(|run| run.rows).unwrap_or_default();
                let table = refreshed.body.table.as_deref().unwrap_or_default();
                Output::message(format_args!("{table} has {rows} rows now")).json(&refreshed.json)
            }
        }
    }
}

/// `1h` stands for `every 1h`.
pub fn every(schedule: &str) -> String {
    let is_interval = schedule.starts_with(|c: char| c.is_ascii_digit()) && schedule.ends_with(['m', 'h']);
    if is_interval { format!("every {schedule}") } else { schedule.to_owned() }
}
