use reqwest::Method;

use super::lookup;
use crate::cli::sync::wait;
use crate::cli::{Context, Output, Run};
use crate::protocol::sync::Triggered;

/// Start a sync of all tables, or of the named ones
#[derive(clap::Args, Debug)]
pub struct Sync {
    /// Names or ids of tables; none means all that are due
    tables: Vec<String>,
    /// Wait for the end and report progress; exit code 4 when some tables failed, 1 when all did
    #[arg(long)]
    wait: bool,
}

impl Sync {
    /// Of one table, waiting for its end.
    pub fn now(table: &str) -> Self {
        Self { tables: vec![table.to_owned()], wait: true }
    }
}

impl Run for Sync {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let ids: Option<Vec<String>> = match self.tables.is_empty() {
            true => None,
            false => Some(lookup::tables(&api, &self.tables)?.into_iter().map(|table| table.id).collect()),
        };
        let answer = api.send::<Triggered>(Method::POST, &["api", "sync", "trigger"], &ids)?;
        if let Some(run) = answer.body.run_id.as_ref().filter(|_| self.wait) {
            return wait(run, &api, context);
        }
        let tables = if ids.is_some() { self.tables.join(", ") } else { "all tables that are due".to_owned() };
        Output::message(format_args!("Sync started for {tables}."))
            .note("See its progress with: agnes sync status")
            .json(&answer.json)
    }
}
