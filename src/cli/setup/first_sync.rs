use reqwest::Method;

use crate::cli::{Context, Output, Run, sync};
use crate::protocol::sync::Triggered;

/// Start the first sync of all tables
#[derive(clap::Args, Debug)]
pub struct FirstSync {
    /// Wait for the end and report progress; exit code 4 when some tables failed, 1 when all did
    #[arg(long)]
    wait: bool,
}

impl Run for FirstSync {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let triggered = api.send::<Triggered>(Method::POST, &["api", "sync", "trigger"], &None::<Vec<String>>)?;
        let Triggered { status, message, run_id, .. } = &triggered.body;
        match run_id {
            Some(run) if self.wait => sync::wait(run, &api, context),
            _ => Output::message(format_args!("Status: {status}"))
                .line(message)
                .note("See its progress with: agnes sync status")
                .json(&triggered.json),
        }
    }
}
