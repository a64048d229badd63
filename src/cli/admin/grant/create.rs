use reqwest::Method;

use super::GRANTS;
use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run};
use crate::protocol::access::CreateGrant;

/// Let a group read something, e.g. `agnes admin grant create Sales table orders`
#[derive(clap::Args, Debug)]
pub struct Create {
    /// Name or id
    group: String,
    /// See `agnes admin grant resource-types`
    resource_type: String,
    /// Id of the resource
    resource_id: String,
}

impl Run for Create {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let Self { group, resource_type, resource_id } = self;
        let output = Output::message(format_args!("Granted {group}: {resource_type}/{resource_id}"));
        let group_id = lookup::group(&api, &group)?.id;
        api.tell(Method::POST, &GRANTS, &CreateGrant { group_id, resource_type, resource_id })?;
        Ok(output)
    }
}
