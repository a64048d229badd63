use super::show;
use crate::cli::{CliError, Context, Mode};
use crate::client::Client;
use crate::protocol::sync_runs::{Run, RunPage};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Show one run whole, with every table
    #[arg(value_name = "RUN")]
    id: Option<String>,
    /// Most runs to list, up to 200
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Only runs before this one
    #[arg(long, value_name = "RUN", conflicts_with = "id")]
    before: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

pub async fn run(args: Args, client: &Client, context: &Context) -> anyhow::Result<()> {
    let printer = &context.printer;
    if let Some(id) = &args.id {
        let run: Run = client.get(&["api", "sync", "runs", id], &[]).await.map_err(CliError::failed)?;
        match printer.mode() {
            Mode::Json => printer.pretty_json(&run)?,
            Mode::Normal | Mode::Quiet => show::whole(&run, printer)?,
        }
        return Ok(());
    }
    let limit = args.limit.to_string();
    let before = args.before.as_deref().map(|id| ("before", id));
    let query: Vec<_> = [("limit", limit.as_str())].into_iter().chain(before).collect();
    let page: RunPage = client.get(&["api", "sync", "runs"], &query).await.map_err(CliError::failed)?;
    if printer.mode() == Mode::Json {
        return Ok(printer.pretty_json(&page)?);
    }
    if page.runs.is_empty() {
        printer.line("No sync has run yet.")?;
        printer.note("Start one with: agnes admin sync --wait");
        return Ok(());
    }
    show::list(&page.runs, printer)?;
    if args.before.is_none()
        && let Some(newest) = page.runs.iter().find(|run| run.status.is_over())
    {
        show::failures(newest, printer)?;
    }
    if let Some(next) = page.next {
        printer.note(format_args!("There is more; see it with --before {next}"));
    }
    Ok(())
}
