use reqwest::Method;

use crate::cli::admin::lookup::GROUPS;
use crate::cli::{Context, Output, Run};
use crate::protocol::access::{CreateGroup, Group};

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
        let answer = context.api()?.send::<Group>(Method::POST, &GROUPS, &request)?;
        let group = &answer.body;
        Output::message(format_args!("Created group: {} (id={})", group.name, group.id)).json(&answer.json)
    }
}
