use std::process::ExitCode;

use serde_json::json;

use super::{Context, Mode, extract::open_store};
use crate::config::Settings;
use crate::connectors::Sources;
use crate::engine::Limits;
use crate::extract::RemotePolicy;
use crate::sync::{Durations, Orchestrator, rebuild_and_record};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

impl Args {
    pub fn mode(&self) -> Mode {
        if self.json { Mode::Json } else { Mode::Normal }
    }
}

/// Publishes what all sources offer; exit code 4 when something of it could not be published.
pub fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(context.env.clone())?;
    crate::logging::init(&settings.env)?;
    let store = open_store(&settings)?;
    let limits = Limits::for_parquet(&settings.env, settings.data_dir.spill());
    let sources = Sources::load(&settings);
    let policy = RemotePolicy::new(&settings.env, &sources.attachments());
    let orchestrator = Orchestrator::open(settings.data_dir.clone(), limits).with_sources(sources, policy).into();
    let rebuilt = context.block_on(async {
        let rebuilt = rebuild_and_record(&store, &orchestrator, Durations::default()).await;
        store.close().await;
        rebuilt
    })??;
    if args.json {
        context.printer.json(&json!({ "sources": rebuilt.sources, "problems": rebuilt.problems }))?;
    } else {
        for (source, tables) in &rebuilt.sources {
            context.printer.line(format!("{source}: {}", tables.join(", ")))?;
        }
        if rebuilt.sources.is_empty() {
            context.printer.line("Nothing is published: no extract in DATA_DIR/extracts offers a table.")?;
        }
        for problem in &rebuilt.problems {
            let place = [Some(problem.source.as_str()), problem.table.as_deref()];
            let place: Vec<_> = place.into_iter().flatten().collect();
            context.printer.warn(format!("{}: {}", place.join("."), problem.error));
        }
    }
    Ok(ExitCode::from(if rebuilt.problems.is_empty() { 0 } else { super::exit::PARTIAL }))
}
