//! `agnes admin group`

use reqwest::Method;

use crate::cli::admin::lookup::{self, GROUPS};
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access::{self, AddMember, CreateGroup, Member, UpdateGroup};

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum Group {
    /// List groups
    List,
    /// Create a group
    Create {
        /// Name of the group
        name: String,
        /// What the group is for
        #[arg(long)]
        description: Option<String>,
    },
    /// Rename a group
    Rename {
        /// Name or id
        group: String,
        /// New name
        name: String,
    },
    /// Delete a group, its memberships and grants
    Delete {
        /// Name or id
        group: String,
    },
    /// List the members of a group
    Members {
        /// Name or id
        group: String,
    },
    /// Add a user to a group
    AddMember {
        /// Name or id
        group: String,
        /// E-mail address or id
        email: String,
    },
    /// Remove a user from a group
    RemoveMember {
        /// Name or id
        group: String,
        /// E-mail address or id
        email: String,
    },
}

impl Run for Group {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let find = |group: &str| lookup::group(&api, group);
        match self {
            Self::List => {
                let groups = api.get::<Vec<access::Group>>(&GROUPS, &[])?;
                groups_table(&groups.body).json(&groups.json)
            }
            Self::Create { name, description } => {
                let created = api.send::<access::Group>(Method::POST, &GROUPS, &CreateGroup { name, description })?;
                let access::Group { id, name, .. } = &created.body;
                Output::message(format_args!("Created group: {name} (id={id})")).json(&created.json)
            }
            Self::Rename { group, name } => {
                let old = find(&group)?;
                let request = UpdateGroup { name: Some(name), description: None };
                let path = ["api", "admin", "groups", &old.id];
                let renamed = api.send::<access::Group>(Method::PATCH, &path, &request)?;
                Output::message(format_args!("Renamed group {} to {}", old.name, renamed.body.name)).json(&renamed.json)
            }
            Self::Delete { group } => {
                api.call(Method::DELETE, &["api", "admin", "groups", &find(&group)?.id])?;
                Ok(Output::message(format_args!("Deleted group {group}")))
            }
            Self::Members { group } => {
                let members = api.get::<Vec<Member>>(&["api", "admin", "groups", &find(&group)?.id, "members"], &[])?;
                members_table(&members.body).json(&members.json)
            }
            Self::AddMember { group, email } => {
                let id = find(&group)?.id;
                let request = AddMember { email: lookup::user(&api, &email)?.email };
                api.tell(Method::POST, &["api", "admin", "groups", &id, "members"], &request)?;
                Ok(Output::message(format_args!("Added {email} to {group}")))
            }
            Self::RemoveMember { group, email } => {
                let (id, user) = (find(&group)?.id, lookup::user(&api, &email)?.id);
                api.call(Method::DELETE, &["api", "admin", "groups", &id, "members", &user])?;
                Ok(Output::message(format_args!("Removed {email} from {group}")))
            }
        }
    }
}

fn groups_table(groups: &[access::Group]) -> Output {
    let columns = [("NAME", 24), ("DESCRIPTION", 40), ("SYSTEM", 7), ("MEMBERS", 8), ("GRANTS", 7)];
    let mut table = Table::listing(columns);
    for group in groups {
        let description = group.description.as_deref().unwrap_or_default();
        let system = if group.is_system { "yes" } else { "no" };
        let (members, grants) = (group.member_count.to_string(), group.grant_count.to_string());
        table.row([&group.name, description, system, &members, &grants]);
    }
    Output::default().table(table)
}

fn members_table(members: &[Member]) -> Output {
    let mut table = Table::listing([("EMAIL", 30), ("NAME", 20), ("SOURCE", 14), ("ACTIVE", 7)]);
    for member in members {
        let active = if member.active { "yes" } else { "no" };
        table.row([&member.email, member.name.as_deref().unwrap_or_default(), &member.source, active]);
    }
    Output::default().table(table)
}
