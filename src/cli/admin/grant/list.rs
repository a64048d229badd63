use super::GRANTS;
use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access::Grant;

/// List grants
#[derive(clap::Args, Debug)]
pub struct List {
    /// Only this resource type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only this group (name or id)
    #[arg(long)]
    group: Option<String>,
}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let group = self.group.map(|reference| lookup::group(&api, &reference)).transpose()?;
        let kind = self.kind.as_deref().map(|kind| ("resource_type", kind));
        let group = group.as_ref().map(|group| ("group_id", group.id.as_str()));
        let filters: Vec<_> = kind.into_iter().chain(group).collect();
        let grants = api.get::<Vec<Grant>>(&GRANTS, &filters)?;
        let columns = [("GROUP", 20), ("RESOURCE TYPE", 22), ("RESOURCE ID", 40), ("ASSIGNED BY", 24)];
        let mut table = Table::listing(columns);
        for grant in &grants.body {
            let assigned_by = grant.assigned_by.as_deref().unwrap_or_default();
            table.row([&grant.group_name, &grant.resource_type, &grant.resource_id, assigned_by]);
        }
        Output::default().table(table).json(&grants.json)
    }
}
