use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access::{self, Member};

/// List the members of a group
#[derive(clap::Args, Debug)]
pub struct Members {
    /// Name or id
    group: String,
}

/// Add a user to a group
#[derive(clap::Args, Debug)]
pub struct AddMember {
    /// Name or id
    group: String,
    /// E-mail address or id
    email: String,
}

/// Remove a user from a group
#[derive(clap::Args, Debug)]
pub struct RemoveMember {
    /// Name or id
    group: String,
    /// E-mail address or id
    email: String,
}

impl Run for Members {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let group = lookup::group(&api, &self.group)?;
        let members = api.get::<Vec<Member>>(&["api", "admin", "groups", &group.id, "members"], &[])?;
        let mut table = Table::listing([("EMAIL", 30), ("NAME", 20), ("SOURCE", 14), ("ACTIVE", 7)]);
        for member in &members.body {
            let active = if member.active { "yes" } else { "no" };
            table.row([&member.email, member.name.as_deref().unwrap_or_default(), &member.source, active]);
        }
        Output::default().table(table).json(&members.json)
    }
}

impl Run for AddMember {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let group = lookup::group(&api, &self.group)?;
        let request = access::AddMember { email: lookup::user(&api, &self.email)?.email };
        api.tell(Method::POST, &["api", "admin", "groups", &group.id, "members"], &request)?;
        Ok(Output::message(format_args!("Added {} to {}", self.email, self.group)))
    }
}

impl Run for RemoveMember {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let group = lookup::group(&api, &self.group)?;
        let user = lookup::user(&api, &self.email)?;
        api.call(Method::DELETE, &["api", "admin", "groups", &group.id, "members", &user.id])?;
        Ok(Output::message(format_args!("Removed {} from {}", self.email, self.group)))
    }
}
