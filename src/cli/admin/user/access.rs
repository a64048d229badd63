use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access::EffectiveAccess;

/// Show what a user may read, and through which groups
#[derive(clap::Args, Debug)]
pub struct Access {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

impl Run for Access {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        let access = api.get::<EffectiveAccess>(&["api", "admin", "users", &user.id, "effective-access"], &[])?;
        let mut output = Output::default();
        if access.body.is_admin {
            output = output.line(format_args!("{} is an admin and may use everything.", user.email));
        }
        let mut table = Table::listing([("RESOURCE TYPE", 22), ("RESOURCE ID", 40), ("THROUGH", 0)]);
        for item in &access.body.items {
            let groups: Vec<&str> = item.via_groups.iter().map(|group| group.group_name.as_str()).collect();
            table.row([&item.resource_type, &item.resource_id, &groups.join(", ")]);
        }
        match access.body.items.is_empty() {
            true => output.line(format_args!("{} has no grants.", user.email)),
            false => output.table(table),
        }
        .json(&access.json)
    }
}
