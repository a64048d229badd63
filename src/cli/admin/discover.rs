use reqwest::Method;

use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::discovery::{Discovered, DiscoveredAndRegistered};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Register every table that is not registered yet
    #[arg(long)]
    register: bool,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

pub async fn run(args: Args, client: &Client, context: &Context) -> anyhow::Result<()> {
    let printer = &context.printer;
    if args.register {
        let path = ["api", "admin", "discover-and-register"];
        let done: DiscoveredAndRegistered = client.send(Method::POST, &path, &()).await.map_err(CliError::failed)?;
        if args.json {
            return Ok(printer.pretty_json(&done)?);
        }
        printer
            .line(format_args!("Registered {} tables; {} were registered before.", done.registered, done.skipped))?;
        for renamed in &done.renamed {
            printer.line(format_args!("  {} is called {} here", renamed.id, renamed.name))?;
        }
        if done.registered > 0 {
            printer.note("Fetch their data with: agnes admin sync --wait");
        }
        return Ok(());
    }
    let found: Discovered = client.get(&["api", "admin", "discover-tables"], &[]).await.map_err(CliError::failed)?;
    if args.json {
        return Ok(printer.pretty_json(&found)?);
    }
    if let Some(error) = &found.error {
        printer.warn(error);
    }
    for table in &found.tables {
        let rows = table.row_count.map_or_else(|| "?".to_owned(), |rows| rows.to_string());
        printer.line(format_args!("  {:<50} {rows:>12} rows", table.id))?;
    }
    printer.line(format_args!("{} tables in {}.", found.count, found.source))?;
    Ok(())
}
