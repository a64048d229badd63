//! `agnes snapshot drop`

use super::{removal, stored};
use crate::cli::workspace::Workspace;
use crate::cli::{Context, Output, Run};

/// Remove a snapshot
#[derive(clap::Args, Debug)]
pub struct Drop {
    /// Name of the snapshot
    name: String,
}

impl Run for Drop {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let workspace = Workspace::locate(context, false)?;
        if !stored::names(&workspace)?.contains(&self.name) {
            return Err(removal::unknown(&self.name, &workspace)?.into());
        }
        removal::remove(std::slice::from_ref(&self.name), &workspace, context)?;
        Ok(Output::message(format_args!("Dropped {}", self.name)))
    }
}
