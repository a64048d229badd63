use reqwest::Method;
use serde_json::Value;

use super::{Listing, groups, listed};
use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::access::{CreateGrant, Grant, ResourceTypeInfo};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List grants
    List {
        /// Only this resource type
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Only this group (name or id)
        #[arg(long)]
        group: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Let a group read something, e.g. `agnes admin grant create Sales table orders`
    Create {
        /// Name or id
        group: String,
        /// See `agnes admin grant resource-types`
        resource_type: String,
        resource_id: String,
    },
    /// Take a grant back: by its id, or by group, type and resource
    Delete {
        /// Id of the grant, or name or id of the group
        grant: String,
        #[arg(requires = "resource_id")]
        resource_type: Option<String>,
        resource_id: Option<String>,
    },
    /// List what can be granted
    ResourceTypes(Listing),
}

impl Command {
    pub fn json(&self) -> bool {
        match self {
            Self::List { listing, .. } | Self::ResourceTypes(listing) => listing.json,
            _ => false,
        }
    }
}

const GRANTS: [&str; 3] = ["api", "admin", "grants"];

pub async fn run(command: Command, client: &Client, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::List { kind, group, .. } => list(kind, group, client, context).await,
        Command::Create { group, resource_type, resource_id } => {
            let group_id = groups::find(client, &group).await?.id;
            let line = format!("Granted {group}: {resource_type}/{resource_id}");
            let body = serde_json::to_value(CreateGrant { group_id, resource_type, resource_id })?;
            client.tell(Method::POST, &GRANTS, &body).await.map_err(CliError::failed)?;
            Ok(context.printer.line(line)?)
        }
        Command::Delete { grant, resource_type, resource_id } => {
            let id = match (resource_type, resource_id) {
                (Some(kind), Some(resource)) => find(client, &grant, &kind, &resource).await?.id,
                _ => grant,
            };
            let path = ["api", "admin", "grants", &id];
            client.tell(Method::DELETE, &path, &Value::Null).await.map_err(CliError::failed)?;
            Ok(context.printer.line(format_args!("Deleted grant {id}"))?)
        }
        Command::ResourceTypes(_) => resource_types(client, context).await,
    }
}

async fn list(kind: Option<String>, group: Option<String>, client: &Client, context: &Context) -> anyhow::Result<()> {
    let group = match group {
        Some(reference) => Some(groups::find(client, &reference).await?.id),
        None => None,
    };
    let filters = [("resource_type", kind.as_deref()), ("group_id", group.as_deref())];
    let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let Some(grants) = listed::<Vec<Grant>>(client, context, &GRANTS, &query).await? else { return Ok(()) };
    let row = |group: &str, kind: &str, id: &str, by: &str| {
        format!("{group:<20}  {kind:<22}  {id:<40}  {by:<24}").trim_end().to_owned()
    };
    context.printer.line(row("GROUP", "RESOURCE TYPE", "RESOURCE ID", "ASSIGNED BY"))?;
    for grant in grants {
        let by = grant.assigned_by.unwrap_or_default();
        context.printer.line(row(&grant.group_name, &grant.resource_type, &grant.resource_id, &by))?;
    }
    Ok(())
}

async fn resource_types(client: &Client, context: &Context) -> anyhow::Result<()> {
    let path = ["api", "admin", "resource-types"];
    let Some(types) = listed::<Vec<ResourceTypeInfo>>(client, context, &path, &[]).await? else { return Ok(()) };
    let row =
        |key: &str, name: &str, format: &str| format!("{key:<28}  {name:<28}  {format:<36}").trim_end().to_owned();
    context.printer.line(row("KEY", "DISPLAY NAME", "ID FORMAT"))?;
    for kind in types {
        context.printer.line(row(&kind.key, &kind.display_name, &kind.id_format))?;
    }
    Ok(())
}

async fn find(client: &Client, group: &str, kind: &str, resource: &str) -> Result<Grant, CliError> {
    let group_id = groups::find(client, group).await?.id;
    let query = [("resource_type", kind), ("group_id", &group_id)];
    let grants: Vec<Grant> = client.get(&GRANTS, &query).await.map_err(CliError::failed)?;
    grants
        .into_iter()
        .find(|grant| grant.resource_id == resource)
        .ok_or_else(|| CliError::new("not_found", format!("Grant not found: {group} {kind}/{resource}")))
}
