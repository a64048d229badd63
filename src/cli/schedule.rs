use std::process::ExitCode;

use super::{Context, Mode};
use crate::base::{signals, time};
use crate::config;
use crate::roles::schedule::{self, Settings, Status};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Show what the jobs did last, and end
    #[arg(long)]
    status: bool,
    /// Print the status as JSON
    #[arg(long, requires = "status")]
    json: bool,
}

impl Args {
    pub fn mode(&self) -> Mode {
        if self.json { Mode::Json } else { Mode::Normal }
    }
}

/// Runs scheduled work until told to stop by SIGTERM or SIGINT.
pub fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = config::Settings::load(context.env.clone())?;
    if args.status {
        let settings = Settings::load(&settings.env, &settings.data_dir)?;
        show(&schedule::status(&settings), context)?;
        return Ok(ExitCode::SUCCESS);
    }
    crate::logging::init(&settings.env)?;
    let settings = Settings::load(&settings.env, &settings.data_dir)?;
    context.block_on(async {
        let stop = signals::stop()?;
        schedule::run(settings, stop).await;
        anyhow::Ok(ExitCode::SUCCESS)
    })?
}

fn show(jobs: &[Status], context: &Context) -> std::io::Result<()> {
    let printer = &context.printer;
    if printer.mode() == Mode::Json {
        return printer.pretty_json(&jobs);
    }
    let row = |[job, schedule, last, next, result]: [&str; 5]| {
        format!("{job:<22}  {schedule:<11}  {last:<26}  {next:<26}  {result}").trim_end().to_owned()
    };
    printer.line(row(["JOB", "SCHEDULE", "LAST", "NEXT", "RESULT"]))?;
    for status in jobs {
        let last = status.last.tried_at.map_or_else(|| "never".into(), time::iso_naive);
        let next = status.last.not_before.map(time::iso_naive).or_else(|| status.next.clone());
        let (next, result) = (next.as_deref().unwrap_or("at once"), status.last.result.as_deref().unwrap_or("-"));
        printer.line(row([status.job, &status.schedule, &last, next, result]))?;
    }
    Ok(())
}
