use std::process::ExitCode;

use reqwest::Method;

use super::tables;
use crate::cli::sync::wait;
use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::sync::Triggered;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Names or ids of tables; none means all that are due
    tables: Vec<String>,
    /// Wait for the end, and tell how it goes; exit code 4 when some tables failed, 1 when all did
    #[arg(long)]
    wait: bool,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

pub async fn run(args: Args, client: &Client, context: &Context) -> anyhow::Result<ExitCode> {
    let ids = match args.tables.is_empty() {
        true => None,
        false => Some(tables::ids(client, &args.tables).await?),
    };
    let answer: Triggered =
        client.send(Method::POST, &["api", "sync", "trigger"], &ids).await.map_err(CliError::failed)?;
    let Some(run) = answer.run_id.as_ref().filter(|_| args.wait) else {
        if args.json {
            context.printer.pretty_json(&answer)?;
        } else {
            let all = "all tables that are due".to_owned();
            let started = if args.tables.is_empty() { all } else { args.tables.join(", ") };
            context.printer.line(format_args!("Sync started for {started}."))?;
            context.printer.note("See how it goes with: agnes sync status");
        }
        return Ok(ExitCode::SUCCESS);
    };
    wait(run, client, context).await
}
