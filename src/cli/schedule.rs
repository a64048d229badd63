use super::{Context, Output, Run, Table};
use crate::base::{signals, time};
use crate::config;
use crate::roles::schedule::{self, ScheduleSettings};

/// Run the server's scheduled jobs, beside a running server
#[derive(clap::Args, Debug)]
pub struct Schedule {
    /// Show the last run of each job, and exit
    #[arg(long)]
    status: bool,
}

impl Run for Schedule {
    /// Runs until SIGTERM or SIGINT.
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let settings = config::Settings::load(context.env.clone())?;
        if self.status {
            return status(&ScheduleSettings::load(&settings.env, &settings.data_dir)?);
        }
        crate::logging::init(&settings.env)?;
        let settings = ScheduleSettings::load(&settings.env, &settings.data_dir)?;
        context.block_on(async {
            let stop = signals::stop()?;
            schedule::run(settings, stop).await;
            anyhow::Ok(Output::streamed())
        })?
    }
}

fn status(settings: &ScheduleSettings) -> anyhow::Result<Output> {
    let jobs = schedule::status(settings);
    let mut table = Table::listing([("JOB", 22), ("SCHEDULE", 11), ("LAST", 26), ("NEXT", 26), ("RESULT", 0)]);
    for job in &jobs {
        let last = job.last.tried_at.map_or_else(|| "never".into(), time::iso_naive);
        let next = job.last.not_before.map(time::iso_naive).or_else(|| job.next.clone());
        let result = job.last.result.as_deref().unwrap_or("-");
        table.row([job.job, &job.schedule, &last, next.as_deref().unwrap_or("now"), result]);
    }
    Output::default().table(table).json(&jobs)
}
