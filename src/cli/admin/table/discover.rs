use reqwest::Method;

use crate::cli::{Api, Context, Output, Run};
use crate::protocol::discovery::{Discovered, DiscoveredAndRegistered};

/// List the tables that the data source offers, or register them all
#[derive(clap::Args, Debug)]
pub struct Discover {
    /// Register every table that is not registered yet
    #[arg(long)]
    register: bool,
}

impl Run for Discover {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        if self.register {
            return register(&api);
        }
        let answer = api.get::<Discovered>(&["api", "admin", "discover-tables"], &[])?;
        let found = answer.body;
        let mut output = found.error.iter().fold(Output::default(), Output::warn);
        for table in &found.tables {
            let rows = table.row_count.map_or_else(|| "?".to_owned(), |rows| rows.to_string());
            output = output.line(format_args!("  {:<50} {rows:>12} rows", table.id));
        }
        output.line(format_args!("{} tables in {}.", found.count, found.source)).json(&answer.json)
    }
}

fn register(api: &Api) -> anyhow::Result<Output> {
    let path = ["api", "admin", "discover-and-register"];
    let answer = api.send::<DiscoveredAndRegistered>(Method::POST, &path, &())?;
    let done = answer.body;
    let counts = format!("Registered {} tables; {} were registered before.", done.registered, done.skipped);
    let mut output = done.renamed.iter().fold(Output::message(counts), |output, renamed| {
        output.line(format_args!("  {} is called {} here", renamed.id, renamed.name))
    });
    if done.registered > 0 {
        output = output.note("Fetch their data with: agnes admin sync --wait");
    }
    output.json(&answer.json)
}
