use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run};

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
