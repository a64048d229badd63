use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run};
use crate::protocol::access::{Group, UpdateGroup};

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
        let renamed = api.send::<Group>(Method::PATCH, &["api", "admin", "groups", &group.id], &request)?;
        Output::message(format_args!("Renamed group {} to {}", group.name, renamed.body.name)).json(&renamed.json)
    }
}
