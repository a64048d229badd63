use reqwest::Method;
use serde_json::Value;

use super::tables;
use crate::cli::{CliError, Context};
use crate::client::Client;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Names or ids of tables; none means all that are due
    tables: Vec<String>,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

pub async fn run(args: Args, client: &Client, context: &Context) -> anyhow::Result<()> {
    let ids = match args.tables.is_empty() {
        true => None,
        false => Some(tables::ids(client, &args.tables).await?),
    };
    let answer: Value = client.send(Method::POST, &["api", "sync", "trigger"], &ids).await.map_err(CliError::failed)?;
    if args.json {
        context.printer.pretty_json(&answer)?;
        return Ok(());
    }
    let started = if args.tables.is_empty() { "all tables that are due".to_owned() } else { args.tables.join(", ") };
    context.printer.line(format_args!("Sync started for {started}."))?;
    context.printer.note("See what failed with: agnes admin list-tables");
    Ok(())
}
