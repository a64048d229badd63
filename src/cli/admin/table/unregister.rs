use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run};

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
