use super::show;
use crate::cli::{Context, Output, Run};
use crate::protocol::sync_runs::{self, RunPage};

/// Show the last syncs, newest first, and what failed in the newest
#[derive(clap::Args, Debug)]
pub struct Status {
    /// Show one run with every table
    #[arg(value_name = "RUN")]
    id: Option<String>,
    /// Maximum number of runs, up to 200
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Only runs before this one
    #[arg(long, value_name = "RUN", conflicts_with = "id")]
    before: Option<String>,
}

impl Run for Status {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        if let Some(id) = &self.id {
            let run = api.get::<sync_runs::Run>(&["api", "sync", "runs", id], &[])?.body;
            return show::whole(&run).json(&run);
        }
        let limit = self.limit.to_string();
        let before = self.before.as_deref().map(|id| ("before", id));
        let query: Vec<_> = [("limit", limit.as_str())].into_iter().chain(before).collect();
        let page: RunPage = api.get(&["api", "sync", "runs"], &query)?.body;
        if page.runs.is_empty() {
            return Output::message("No sync has run yet.").note("Start one with: agnes admin sync --wait").json(&page);
        }
        let mut output = show::list(&page.runs);
        if self.before.is_none()
            && let Some(newest) = page.runs.iter().find(|run| run.status.is_over())
        {
            output = show::failures(output, newest);
        }
        if let Some(next) = &page.next {
            output = output.note(format_args!("There is more; see it with --before {next}"));
        }
        output.json(&page)
    }
}
