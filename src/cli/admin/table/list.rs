use crate::cli::admin::lookup::REGISTRY;
use crate::cli::{Context, Output, Run};
use crate::protocol::registry::TableList;

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
