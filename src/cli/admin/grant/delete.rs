use reqwest::Method;

use super::GRANTS;
use crate::cli::admin::lookup;
use crate::cli::{Api, CliError, Context, Output, Run};
use crate::protocol::access::Grant;

/// Delete a grant: by its id, or by group, type and resource
#[derive(clap::Args, Debug)]
pub struct Delete {
    /// Id of the grant, or name or id of the group
    grant: String,
    /// Type of the resource
    #[arg(requires = "resource_id")]
    resource_type: Option<String>,
    /// Id of the resource
    resource_id: Option<String>,
}

impl Run for Delete {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let id = match (self.resource_type, self.resource_id) {
            (Some(kind), Some(resource)) => find(&api, &self.grant, &kind, &resource)?.id,
            _ => self.grant,
        };
        api.call(Method::DELETE, &["api", "admin", "grants", &id])?;
        Ok(Output::message(format_args!("Deleted grant {id}")))
    }
}

fn find(api: &Api, group: &str, kind: &str, resource: &str) -> Result<Grant, CliError> {
    let group_id = lookup::group(api, group)?.id;
    let grants: Vec<Grant> = api.get(&GRANTS, &[("resource_type", kind), ("group_id", &group_id)])?.body;
    let grant = grants.into_iter().find(|grant| grant.resource_id == resource);
    grant.ok_or_else(|| CliError::bare("not_found", format!("Grant not found: {group} {kind}/{resource}")))
}
