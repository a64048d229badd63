//! `agnes admin table`

mod discover;
mod format;
mod register;
mod types;
mod upload;

pub use discover::{Discover, DiscoverAndRegister};
pub use register::{Register, Update};
pub use types::Types;
pub use upload::Upload;

use reqwest::Method;

use crate::cli::admin::lookup::{self, REGISTRY};
use crate::cli::{Context, Output, Run, commands};
use crate::protocol::registry::TableList;

commands! {
    Table {
        List(List),
        Register(Register),
        Update(Update),
        Types(Types),
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
