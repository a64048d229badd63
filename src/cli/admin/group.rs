//! `agnes admin group`

use reqwest::Method;

use crate::cli::admin::lookup::{self, GROUPS};
use crate::cli::{Context, Output, Run, Table, commands};
use crate::protocol::access::{self, CreateGroup, Member, UpdateGroup};

commands! {
    Group {
        List(List),
        Create(Create),
        Rename(Rename),
        Delete(Delete),
        Members(Members),
        AddMember(AddMember),
        RemoveMember(RemoveMember),
    }
}

/// List groups
#[derive(clap::Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let groups = context.api()?.get::<Vec<access::Group>>(&GROUPS, &[])?;
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

/// Create a group
#[derive(clap::Args, Debug)]
pub struct Create {
    /// Name of the group
    name: String,
    /// What the group is for
    #[arg(long)]
    description: Option<String>,
}

impl Run for Create {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let request = CreateGroup { name: self.name, description: self.description };
        let answer = context.api()?.send::<access::Group>(Method::POST, &GROUPS, &request)?;
        let group = &answer.body;
        Output::message(format_args!("Created group: {} (id={})", group.name, group.id)).json(&answer.json)
    }
}

/// Rename a group
#[derive(clap::Args, Debug)]
pub struct Rename {
    /// Name or id
    group: String,
    /// New name
    name: String,
}

impl Run for Rename {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let group = lookup::group(&api, &self.group)?;
        let request = UpdateGroup { name: Some(self.name), description: None };
        let renamed = api.send::<access::Group>(Method::PATCH, &["api", "admin", "groups", &group.id], &request)?;
        Output::message(format_args!("Renamed group {} to {}", group.name, renamed.body.name)).json(&renamed.json)
    }
}

/// Delete a group, its memberships and grants
#[derive(clap::Args, Debug)]
pub struct Delete {
    /// Name or id
    group: String,
}

impl Run for Delete {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let group = lookup::group(&api, &self.group)?;
        api.call(Method::DELETE, &["api", "admin", "groups", &group.id])?;
        Ok(Output::message(format_args!("Deleted group {}", self.group)))
    }
}

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
