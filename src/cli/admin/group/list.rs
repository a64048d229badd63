use crate::cli::admin::lookup::GROUPS;
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access::Group;

/// List groups
#[derive(clap::Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let groups = context.api()?.get::<Vec<Group>>(&GROUPS, &[])?;
        let columns = [("NAME", 24), ("DESCRIPTION", 40), ("SYSTEM", 7), ("MEMBERS", 8), ("GRANTS", 7)];
        let mut table = Table::listing(columns);
        for group in &groups.body {
            let description = group.description.as_deref().unwrap_or_default();
            let system = if group.is_system { "yes" } else { "no" };
            let (members, grants) = (group.member_count.to_string(), group.grant_count.to_string());
            table.row([&group.name, description, system, &members, &grants]);
        }
        Output::default().table(table).json(&groups.json)
    }
}
