use std::process::ExitCode;
use std::time::Duration;

use super::show;
use crate::cli::{CliError, Context, Mode, exit};
use crate::client::Client;
use crate::protocol::sync_runs::{Run, RunStatus};

/// Between two looks at the run.
const LOOK: Duration = Duration::from_millis(500);

/// Waits for the end of a run and tells how it goes meanwhile. Exit code 0, 4 when some tables failed, 1 otherwise.
pub async fn wait(id: &str, client: &Client, context: &Context) -> anyhow::Result<ExitCode> {
    let printer = &context.printer;
    let (mut told, mut step) = (0, None);
    let run = loop {
        let run: Run = client.get(&["api", "sync", "runs", id], &[]).await.map_err(CliError::failed)?;
        if run.step.is_some() && run.step != step {
            step.clone_from(&run.step);
            printer.note(format_args!("{} …", step.as_deref().unwrap_or_default()));
        }
        for table in &run.tables[told.min(run.tables.len())..] {
            printer.note(format_args!(
                "  {}{}",
                if table.error.is_some() { "failed: " } else { "" },
                show::line(table)
            ));
        }
        told = run.tables.len();
        if run.status.is_over() {
            break run;
        }
        tokio::time::sleep(LOOK).await;
    };
    if printer.mode() == Mode::Json {
        printer.pretty_json(&run)?;
    } else {
        let failed = run.tables.iter().filter(|table| table.error.is_some()).count();
        let took = show::duration(run.duration_ms.unwrap_or_default());
        let (status, fine) = (run.status.name(), told - failed);
        printer.line(format_args!("Sync {status} after {took}: {fine} tables done, {failed} failed."))?;
        run.errors.iter().for_each(|error| printer.warn(error));
    }
    Ok(ExitCode::from(match run.status {
        RunStatus::Ok => 0,
        RunStatus::Partial => exit::PARTIAL,
        _ => exit::FAILED,
    }))
}
