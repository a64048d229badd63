use reqwest::Method;
use serde_json::Value;

use super::{Listing, listed, users};
use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::access::{AddMember, CreateGroup, Group, Member, UpdateGroup};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List groups
    List(Listing),
    /// Create a group
    Create {
        name: String,
        #[arg(long)]
        description: Option<String>,
    },
    /// Give a group another name
    Rename {
        /// Name or id
        group: String,
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
        #[command(flatten)]
        listing: Listing,
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

impl Command {
    pub fn json(&self) -> bool {
        match self {
            Self::List(listing) | Self::Members { listing, .. } => listing.json,
            _ => false,
        }
    }
}

pub async fn run(command: Command, client: &Client, context: &Context) -> anyhow::Result<()> {
    let printer = &context.printer;
    match command {
        Command::List(_) => list(client, context).await?,
        Command::Create { name, description } => {
            let request = CreateGroup { name, description };
            let group: Group =
                client.send(Method::POST, &["api", "admin", "groups"], &request).await.map_err(CliError::failed)?;
            printer.line(format_args!("Created group: {} (id={})", group.name, group.id))?;
        }
        Command::Rename { group, name } => {
            let found = find(client, &group).await?;
            let request = UpdateGroup { name: Some(name), description: None };
            let path = ["api", "admin", "groups", &found.id];
            let renamed: Group = client.send(Method::PATCH, &path, &request).await.map_err(CliError::failed)?;
            printer.line(format_args!("Renamed group {} to {}", found.name, renamed.name))?;
        }
        Command::Delete { group } => {
            let found = find(client, &group).await?;
            let path = ["api", "admin", "groups", &found.id];
            client.tell(Method::DELETE, &path, &Value::Null).await.map_err(CliError::failed)?;
            printer.line(format_args!("Deleted group {group}"))?;
        }
        Command::Members { group, .. } => members(&group, client, context).await?,
        Command::AddMember { group, email } => {
            let found = find(client, &group).await?;
            let user = users::find(client, &email).await?;
            let body = serde_json::to_value(AddMember { email: user.email })?;
            let path = ["api", "admin", "groups", &found.id, "members"];
            client.tell(Method::POST, &path, &body).await.map_err(CliError::failed)?;
            printer.line(format_args!("Added {email} to {group}"))?;
        }
        Command::RemoveMember { group, email } => {
            let found = find(client, &group).await?;
            let user = users::find(client, &email).await?;
            let path = ["api", "admin", "groups", &found.id, "members", &user.id];
            client.tell(Method::DELETE, &path, &Value::Null).await.map_err(CliError::failed)?;
            printer.line(format_args!("Removed {email} from {group}"))?;
        }
    }
    Ok(())
}

async fn list(client: &Client, context: &Context) -> anyhow::Result<()> {
    let Some(groups) = listed::<Vec<Group>>(client, context, &["api", "admin", "groups"], &[]).await? else {
        return Ok(());
    };
    let row = |name: &str, description: &str, system: &str, members: &str, grants: &str| {
        format!("{name:<24}  {description:<40}  {system:<7}  {members:<8}  {grants:<7}").trim_end().to_owned()
    };
    context.printer.line(row("NAME", "DESCRIPTION", "SYSTEM", "MEMBERS", "GRANTS"))?;
    for group in groups {
        let system = if group.is_system { "yes" } else { "no" };
        let (members, grants) = (group.member_count.to_string(), group.grant_count.to_string());
        let description = group.description.unwrap_or_default();
        context.printer.line(row(&group.name, &description, system, &members, &grants))?;
    }
    Ok(())
}

async fn members(group: &str, client: &Client, context: &Context) -> anyhow::Result<()> {
    let found = find(client, group).await?;
    let path = ["api", "admin", "groups", &found.id, "members"];
    let Some(members) = listed::<Vec<Member>>(client, context, &path, &[]).await? else { return Ok(()) };
    let row = |email: &str, name: &str, source: &str, active: &str| {
        format!("{email:<30}  {name:<20}  {source:<14}  {active:<7}").trim_end().to_owned()
    };
    context.printer.line(row("EMAIL", "NAME", "SOURCE", "ACTIVE"))?;
    for member in members {
        let active = if member.active { "yes" } else { "no" };
        context.printer.line(row(&member.email, &member.name.unwrap_or_default(), &member.source, active))?;
    }
    Ok(())
}

/// The group with this id or name.
pub async fn find(client: &Client, reference: &str) -> Result<Group, CliError> {
    let groups: Vec<Group> = client.get(&["api", "admin", "groups"], &[]).await.map_err(CliError::failed)?;
    let by_id = groups.iter().find(|group| group.id == reference);
    by_id
        .or_else(|| groups.iter().find(|group| group.name == reference))
        .cloned()
        .ok_or_else(|| CliError::new("not_found", format!("Group not found: {reference}")))
}
