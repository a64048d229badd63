use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access::ResourceTypeInfo;

/// List what can be granted
#[derive(clap::Args, Debug)]
pub struct ResourceTypes {}

impl Run for ResourceTypes {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let types = context.api()?.get::<Vec<ResourceTypeInfo>>(&["api", "admin", "resource-types"], &[])?;
        let mut table = Table::listing([("KEY", 28), ("DISPLAY NAME", 28), ("ID FORMAT", 36)]);
        for kind in &types.body {
            table.row([&kind.key, &kind.display_name, &kind.id_format]);
        }
        Output::default().table(table).json(&types.json)
    }
}
