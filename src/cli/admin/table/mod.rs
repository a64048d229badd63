//! `agnes admin table`

mod register;
mod upload;

pub use register::{Register, Update};
pub use upload::Upload;

use reqwest::Method;

use crate::cli::admin::lookup::{self, REGISTRY};
use crate::cli::{Api, Context, Output, Run, commands};
use crate::protocol::discovery::{Discovered, DiscoveredAndRegistered};
use crate::protocol::registry::TableList;

commands! {
    Table {
        List(List),
        Register(Register),
        Update(Update),
        Unregister(Unregister),
        Discover(Discover),
        Upload(Upload),
    }
}

/// List registered tables
#[derive(clap::Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let list = context.api()?.get::<TableList>(&REGISTRY, &[])?;
        let mut output = Output::message(format_args!("Registered tables: {}", list.body.count));
        for table in list.body.tables {
            let mode = table.query_mode.map_or_else(String::new, Into::into);
            let (source, bucket) = (table.source_type.unwrap_or_default(), table.bucket.unwrap_or_default());
            let row = format!("  {:<30} src={source:<10} mode={mode:<6} bucket={bucket:<20}", table.name);
            output = output.line(row.trim_end());
            if let Some(error) = table.last_sync_error {
                output = output.warn(format_args!("{}: {error}", table.name));
            }
        }
        output.json(&list.json)
    }
}

/// Remove a table from the registry
#[derive(clap::Args, Debug)]
pub struct Unregister {
    /// Name or id
    table: String,
}

impl Run for Unregister {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let table = lookup::table(&api, &self.table)?;
        api.call(Method::DELETE, &["api", "admin", "registry", &table.id])?;
        Ok(Output::message(format_args!("Unregistered: {}", table.name)))
    }
}

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
