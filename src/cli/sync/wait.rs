use std::time::Duration;

use super::show;
use crate::cli::{Api, Context, Output, exit};
use crate::protocol::sync_runs::{Run, RunStatus};

/// Time between two requests for the state of the run.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Waits for the end of a run and reports its progress. Exit code 0, 4 when some tables failed, 1 otherwise.
pub fn wait(id: &str, api: &Api, context: &Context) -> anyhow::Result<Output> {
    let printer = &context.printer;
    let (mut reported, mut step) = (0, None);
    let run = loop {
        let run: Run = api.get(&["api", "sync", "runs", id], &[])?.body;
        if run.step.is_some() && run.step != step {
            step.clone_from(&run.step);
            printer.note(format_args!("{} …", step.as_deref().unwrap_or_default()));
        }
        for table in &run.tables[reported.min(run.tables.len())..] {
            let failed = if table.error.is_some() { "failed: " } else { "" };
            printer.note(format_args!("  {failed}{}", show::line(table)));
        }
        reported = run.tables.len();
        if run.status.is_over() {
            break run;
        }
        std::thread::sleep(POLL_INTERVAL);
    };
    let failed = run.tables.iter().filter(|table| table.error.is_some()).count();
    let elapsed = show::duration(run.duration_ms.unwrap_or_default());
    let (status, succeeded) = (run.status.name(), run.tables.len() - failed);
    let summary = format!("Sync {status} after {elapsed}: {succeeded} tables done, {failed} failed.");
    let code = match run.status {
        RunStatus::Ok => 0,
        RunStatus::Partial => exit::PARTIAL,
        _ => exit::FAILED,
    };
    run.errors.iter().fold(Output::message(summary).exit(code), Output::warn).json(&run)
}
