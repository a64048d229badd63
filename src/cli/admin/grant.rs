//! `agnes admin grant`

use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Api, CliError, Context, Output, Run, Table};
use crate::protocol::access::{self, CreateGrant, ResourceTypeInfo};

const GRANTS: [&str; 3] = ["api", "admin", "grants"];

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum Grant {
    /// List grants
    List {
        /// Only this resource type
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Only this group (name or id)
        #[arg(long)]
        group: Option<String>,
    },
    /// Let a group read something, e.g. `agnes admin grant create Sales table orders`
    Create {
        /// Name or id
        group: String,
        /// See `agnes admin grant resource-types`
        resource_type: String,
        /// Id of the resource
        resource_id: String,
    },
    /// Delete a grant: by its id, or by group, type and resource
    Delete {
        /// Id of the grant, or name or id of the group
        grant: String,
        /// Type of the resource
        #[arg(requires = "resource_id")]
        resource_type: Option<String>,
        /// Id of the resource
        resource_id: Option<String>,
    },
    /// List what can be granted
    ResourceTypes,
}

impl Run for Grant {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        match self {
            Self::List { kind, group } => {
                let group = group.map(|reference| lookup::group(&api, &reference)).transpose()?;
                let kind = kind.as_deref().map(|kind| ("resource_type", kind));
                let group = group.as_ref().map(|group| ("group_id", group.id.as_str()));
                let filters: Vec<_> = kind.into_iter().chain(group).collect();
                let grants = api.get::<Vec<access::Grant>>(&GRANTS, &filters)?;
                let columns = [("GROUP", 20), ("RESOURCE TYPE", 22), ("RESOURCE ID", 40), ("ASSIGNED BY", 24)];
                let mut table = Table::listing(columns);
                for grant in &grants.body {
                    let assigned_by = grant.assigned_by.as_deref().unwrap_or_default();
                    table.row([&grant.group_name, &grant.resource_type, &grant.resource_id, assigned_by]);
                }
                Output::default().table(table).json(&grants.json)
            }
            Self::Create { group, resource_type, resource_id } => {
                let output = Output::message(format_args!("Granted {group}: {resource_type}/{resource_id}"));
                let group_id = lookup::group(&api, &group)?.id;
                api.tell(Method::POST, &GRANTS, &CreateGrant { group_id, resource_type, resource_id })?;
                Ok(output)
            }
            Self::Delete { grant, resource_type, resource_id } => {
                let id = match (resource_type, resource_id) {
                    (Some(kind), Some(resource)) => find(&api, &grant, &kind, &resource)?.id,
                    _ => grant,
                };
                api.call(Method::DELETE, &["api", "admin", "grants", &id])?;
                Ok(Output::message(format_args!("Deleted grant {id}")))
            }
            Self::ResourceTypes => {
                let types = api.get::<Vec<ResourceTypeInfo>>(&["api", "admin", "resource-types"], &[])?;
                let mut table = Table::listing([("KEY", 28), ("DISPLAY NAME", 28), ("ID FORMAT", 36)]);
                for kind in &types.body {
                    table.row([&kind.key, &kind.display_name, &kind.id_format]);
                }
                Output::default().table(table).json(&types.json)
            }
        }
    }
}

fn find(api: &Api, group: &str, kind: &str, resource: &str) -> Result<access::Grant, CliError> {
    let group_id = lookup::group(api, group)?.id;
    let grants: Vec<access::Grant> = api.get(&GRANTS, &[("resource_type", kind), ("group_id", &group_id)])?.body;
    let grant = grants.into_iter().find(|grant| grant.resource_id == resource);
    grant.ok_or_else(|| CliError::bare("not_found", format!("Grant not found: {group} {kind}/{resource}")))
}
