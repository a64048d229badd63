use serde_json::json;

use super::{Context, Output, Run, exit, offline};
use crate::config::Settings;
use crate::connectors::{CurrentSources, Sources};
use crate::engine::Limits;
use crate::sync::{Durations, Orchestrator, rebuild_and_record};

/// Publish what the extractors wrote
///
/// Exit code 4 means that some of it could not be published.
#[derive(clap::Args, Debug)]
pub struct Rebuild {}

impl Run for Rebuild {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let settings = Settings::load(context.env.clone())?;
        crate::logging::init(&settings.env)?;
        let rebuilt = offline::with_store(context, &settings, offline::SERVER_DOES_IT, async |store| {
            let limits = Limits::for_parquet(&settings.env, settings.data_dir.spill());
            let sources = CurrentSources::new(Sources::load(&settings));
            let orchestrator = Orchestrator::open(settings.data_dir.clone(), limits).with_sources(sources);
            rebuild_and_record(store, &orchestrator.into(), Durations::default()).await
        })??;
        let mut output = rebuilt.sources.iter().fold(Output::default(), |output, (source, tables)| {
            output.line(format_args!("{source}: {}", tables.join(", ")))
        });
        if rebuilt.sources.is_empty() {
            output = output.line("Nothing is published: no extract in DATA_DIR/extracts offers a table.");
        }
        for problem in &rebuilt.problems {
            let place = [Some(problem.source.as_str()), problem.table.as_deref()];
            let place: Vec<_> = place.into_iter().flatten().collect();
            output = output.warn(format_args!("{}: {}", place.join("."), problem.error));
        }
        output
            .exit(if rebuilt.problems.is_empty() { 0 } else { exit::PARTIAL })
            .json_line(&json!({ "sources": rebuilt.sources, "problems": rebuilt.problems }))
    }
}
