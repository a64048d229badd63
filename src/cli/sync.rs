//! `agnes sync`: the server's sync runs, for admins.

use std::time::Duration;

use reqwest::Method;

use crate::cli::{Api, Context, Output, Run, Table, exit};
use crate::protocol::sync_runs::{self, RunPage, RunStatus, RunStep, RunTable};

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum Sync {
    /// Show the last syncs, newest first, and what failed in the newest
    Status {
        /// Show one run with every table
        #[arg(value_name = "RUN")]
        id: Option<String>,
        /// Maximum number of runs, up to 200
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
        limit: u16,
        /// Only runs before this one
        #[arg(long, value_name = "RUN", conflicts_with = "id")]
        before: Option<String>,
    },
    /// Cancel a sync that is queued or running; what is published stays
    Cancel {
        /// The run; without it, the one that is running now
        #[arg(value_name = "RUN")]
        id: Option<String>,
    },
}

impl Run for Sync {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let (id, limit, before) = match self {
            Self::Status { id, limit, before } => (id, limit, before),
            Self::Cancel { id } => return cancel(&api, id),
        };
        if let Some(id) = &id {
            let run = api.get::<sync_runs::Run>(&["api", "sync", "runs", id], &[])?.body;
            return describe(&run).json(&run);
        }
        let limit = limit.to_string();
        let earlier = before.as_deref().map(|id| ("before", id));
        let query: Vec<_> = [("limit", limit.as_str())].into_iter().chain(earlier).collect();
        let page: RunPage = api.get(&["api", "sync", "runs"], &query)?.body;
        if page.runs.is_empty() {
            return Output::message("No sync has run yet.").note("Start one with: agnes admin sync --wait").json(&page);
        }
        let mut output = list(&page.runs);
        if before.is_none()
            && let Some(newest) = page.runs.iter().find(|run| run.status.is_over())
        {
            output = failures(output, newest);
        }
        if let Some(next) = &page.next {
            output = output.note(format_args!("There is more; see it with --before {next}"));
        }
        output.json(&page)
    }
}

fn cancel(api: &Api, id: Option<String>) -> anyhow::Result<Output> {
    let id = match id {
        Some(id) => id,
        None => {
            let page: RunPage = api.get(&["api", "sync", "runs"], &[("limit", "2")])?.body;
            match page.runs.iter().find(|run| run.status == RunStatus::Running) {
                Some(run) => run.id.clone(),
                None => return Output::message("No sync is running.").json(&serde_json::Value::Null),
            }
        }
    };
    let run: sync_runs::Run = api.send(Method::POST, &["api", "sync", "runs", &id, "cancel"], &())?.body;
    let text = if run.status.is_over() { "is cancelled" } else { "is being cancelled" };
    Output::message(format_args!("The run {id} {text}.")).json(&run)
}

/// Time between two requests for the state of the run.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Waits for the end of a run and reports its progress. Exit code 0, 4 when some tables failed, 1 otherwise.
pub fn wait(id: &str, api: &Api, context: &Context) -> anyhow::Result<Output> {
    let printer = &context.printer;
    let (mut reported, mut step) = (0, None);
    let run = loop {
        let run: sync_runs::Run = api.get(&["api", "sync", "runs", id], &[])?.body;
        if run.step.is_some() && run.step != step {
            step.clone_from(&run.step);
            printer.note(format_args!("{} …", step.as_deref().unwrap_or_default()));
        }
        for table in &run.tables[reported.min(run.tables.len())..] {
            let failed = if table.error.is_some() { "failed: " } else { "" };
            printer.note(format_args!("  {failed}{}", line(table)));
        }
        reported = run.tables.len();
        if run.status.is_over() {
            break run;
        }
        std::thread::sleep(POLL_INTERVAL);
    };
    let (succeeded, failed) = counts(&run);
    let (status, elapsed) = (run.status, duration(run.duration_ms.unwrap_or_default()));
    let summary = format!("Sync {status} after {elapsed}: {succeeded} tables done, {failed} failed.");
    let code = match run.status {
        RunStatus::Ok => 0,
        RunStatus::Partial => exit::PARTIAL,
        _ => exit::FAILED,
    };
    run.errors.iter().fold(Output::message(summary).exit(code), Output::warn).json(&run)
}

/// One line for each run.
fn list(runs: &[sync_runs::Run]) -> Output {
    let columns =
        [("RUN", 36), ("REQUESTED", 26), ("BY", 24), ("STATUS", 11), ("TOOK", -9), ("TABLES", -6), ("FAILED", -6)];
    let mut table = Table::listing(columns);
    for run in runs {
        let (succeeded, failed) = counts(run);
        let status = match &run.step {
            Some(step) => format!("{}: {step}", run.status),
            None => run.status.to_string(),
        };
        table.row([
            &run.id,
            &run.requested_at,
            run.triggered_by.as_deref().unwrap_or("-"),
            &status,
            &run.duration_ms.map_or("-".into(), duration),
            &succeeded.to_string(),
            &failed.to_string(),
        ]);
    }
    Output::default().table(table)
}

/// Tables that went well, and that failed. A missing profile is neither.
fn counts(run: &sync_runs::Run) -> (usize, usize) {
    let tables = run.tables.iter().filter(|table| table.step != RunStep::Profile);
    let (failed, succeeded): (Vec<_>, Vec<_>) = tables.partition(|table| table.error.is_some());
    (succeeded.len(), failed.len())
}

/// Everything known about one run.
fn describe(run: &sync_runs::Run) -> Output {
    let succeeded = run.tables.iter().filter(|table| table.error.is_none());
    let output =
        succeeded.fold(list(std::slice::from_ref(run)), |output, table| output.line(format_args!("  {}", line(table))));
    failures(output, run)
}

/// Adds what went wrong in a run.
fn failures(output: Output, run: &sync_runs::Run) -> Output {
    let tables = run.tables.iter().filter(|table| table.error.is_some()).map(line);
    run.errors
        .iter()
        .cloned()
        .chain(tables)
        .fold(output, |output, error| output.line(format_args!("  failed: {error}")))
}

/// `keboola.orders: 120 rows in 1.4 s`, or the failure.
fn line(table: &RunTable) -> String {
    let RunTable { table: name, source, step, rows, duration_ms, error, notes } = table;
    let elapsed = duration_ms.map(|milliseconds| format!(" in {}", duration(milliseconds))).unwrap_or_default();
    match error {
        Some(error) => format!("{source}.{name} ({}{elapsed}): {error}", step),
        None => {
            let rows = rows.map(|rows| format!("{rows} rows{elapsed}"));
            let facts: Vec<String> = rows.into_iter().chain(notes.iter().cloned()).collect();
            format!("{source}.{name}: {}", facts.join("; "))
        }
    }
}

/// `0.4 s`, `3 m 20 s`.
fn duration(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        0..60 => format!("{:.1} s", milliseconds as f64 / 1000.0),
        seconds => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations() {
        assert_eq!(super::duration(430), "0.4 s");
        assert_eq!(super::duration(200_000), "3 m 20 s");
    }
}
