//! `agnes explore`

mod local;
mod remote;
mod sample;

use super::{Context, Output, Run};

/// Show what a table holds: rows, columns and a sample of a pulled one, or the server's statistics
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  agnes explore orders               on the pulled files and snapshots
  agnes explore orders --remote      values, ranges and gaps of each column, from the server")]
pub struct Explore {
    /// Name of a pulled table, a snapshot, or a table of your own; with --remote the id of a table
    table: String,
    /// Show the statistics that the server keeps of its columns
    #[arg(long)]
    remote: bool,
}

impl Run for Explore {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        match self.remote {
            true => remote::explore(&self.table, context),
            false => local::explore(&self.table, context),
        }
    }
}
