use crate::cli::{Api, Context, Output, Run};
use crate::protocol::discovery::{Discovered, DiscoveredAndRegistered};

/// List the tables that the data source offers, or register them all
#[derive(clap::Args, Debug)]
pub struct Discover {
    /// Register every table that is not registered yet
    #[arg(long)]
    register: bool,
    /// The data source to ask [default: the main one, DATA_SOURCE of the server]
    #[arg(long)]
    source: Option<String>,
}

/// Register every table that the data source offers
#[derive(clap::Args, Debug)]
pub struct DiscoverAndRegister {
    /// The data source to ask [default: the main one, DATA_SOURCE of the server]
    #[arg(long, alias = "source-type")]
    source: Option<String>,
    /// Only list the tables
    #[arg(long)]
    dry_run: bool,
}

impl Run for DiscoverAndRegister {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        Discover { register: !self.dry_run, source: self.source }.run(context)
    }
}

impl Run for Discover {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let query: Vec<_> = self.source.iter().map(|source| ("source", source.as_str())).collect();
        if self.register {
            return register(&api, &query);
        }
        let answer = api.get::<Discovered>(&["api", "admin", "discover-tables"], &query)?;
        let found = answer.body;
        let mut output = found.error.iter().fold(Output::default(), Output::warn);
        for table in &found.tables {
            let rows = table.row_count.map_or_else(|| "?".to_owned(), |rows| rows.to_string());
            output = output.line(format_args!("  {:<50} {rows:>12} rows", table.id));
        }
        output = output.line(format_args!("{} tables in {}.", found.count, found.source));
        found.hint.iter().fold(output, Output::note).json(&answer.json)
    }
}

fn register(api: &Api, query: &[(&str, &str)]) -> anyhow::Result<Output> {
    let path = ["api", "admin", "discover-and-register"];
    let answer = api.post::<DiscoveredAndRegistered>(&path, query)?;
    let done = answer.body;
    let counts = format!("Registered {} tables; {} were registered before.", done.registered, done.skipped);
    let mut output = done.renamed.iter().fold(Output::message(counts), |output, renamed| {
        output.line(format_args!("  {} is called {} here", renamed.id, renamed.name))
    });
    if done.registered > 0 {
        output = output.note("Fetch their data with: agnes admin sync --wait");
    }
    done.hint.iter().fold(output, Output::note).json(&answer.json)
}
