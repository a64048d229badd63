use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{CliError, Context};
use crate::base::ident;
use crate::config::Settings;
use crate::connectors::{Report, Request, TableNote, TableRequest, files, keboola};
use crate::engine;
use crate::store::{Facts, OpenError, Seeds, Store};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Read a folder of CSV, TSV and parquet files
    Files {
        /// The folder
        folder: PathBuf,
        /// Name of the source, i.e. of its directory below DATA_DIR/extracts
        #[arg(long, default_value = "files", value_name = "NAME")]
        source: String,
        /// Read only the tables of a JSON request on standard input
        #[arg(long, hide = true)]
        stdin: bool,
    },
    /// Read the registered tables of a Keboola project; credentials come from the environment
    Keboola {
        /// Read the tables of a JSON request on standard input instead of the registry
        #[arg(long, hide = true)]
        stdin: bool,
    },
}

/// Prints the report as one JSON line and returns 0, 1 or 2: nothing, everything or something failed.
pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(context.env.clone())?;
    crate::logging::init(&settings.env)?;
    let report = match command {
        Command::Files { folder, source, stdin } => {
            let request = stdin.then(read_request).transpose()?;
            extract_files(&folder, &source, request, &settings)?
        }
        Command::Keboola { stdin } => {
            let credentials = keboola::Settings::resolve(&settings.instance, &settings.env)?;
            let request = if stdin { read_request()? } else { registered(context, &settings, "keboola")? };
            let directory = settings.data_dir.extract("keboola");
            context.block_on(keboola::run(&credentials, &directory, request))?
        }
    };
    context.printer.json(&report)?;
    for TableNote { table, note } in &report.notes {
        context.printer.warn(format!("{table}: {note}"));
    }
    for failure in &report.errors {
        context.printer.warn(format!("{}: {}", failure.table, failure.error));
    }
    Ok(ExitCode::from(report.exit_code()))
}

fn extract_files(
    folder: &std::path::Path,
    source: &str,
    request: Option<Request>,
    settings: &Settings,
) -> anyhow::Result<Report> {
    if !ident::is_strict(source) || ident::is_reserved_source(source) {
        return Err(CliError::usage(format!(
            "Error: {source} cannot name a source: use letters, digits and _, and none of main, temp, system, server"
        ))
        .into());
    }
    let limits = files::Settings {
        memory: settings.env.extract_memory().to_owned(),
        threads: engine::cores(),
        reserve: settings.env.disk_reserve().map_err(CliError::usage)?,
    };
    Ok(files::run(folder, &settings.data_dir.extract(source), request, &limits)?)
}

/// The server hands its request over so; when the server dies, so does this process.
fn read_request() -> anyhow::Result<Request> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let request: Request = serde_json::from_str(&text)
        .map_err(|error| CliError::usage(format!("Error: standard input holds no valid request: {error}")))?;
    // It may have died before the signal was asked for.
    let parent = rustix::process::getppid().map(|id| id.as_raw_nonzero().get().unsigned_abs());
    if request.asked_by.is_some() && request.asked_by != parent {
        return Err(CliError::new("orphaned", "Error: the server that asked for this is gone").into());
    }
    Ok(request)
}

/// Every table that is registered for a source. Needs the state database, so no server may run.
fn registered(context: &Context, settings: &Settings, source: &str) -> anyhow::Result<Request> {
    let store = open_store(settings)?;
    let snapshot = store.snapshot();
    context.block_on(store.close())?;
    let tables: Vec<_> = snapshot
        .registry
        .all()
        .into_iter()
        .filter(|table| table.source_type.as_deref() == Some(source))
        .map(|table| TableRequest::from_registry(table))
        .collect();
    let keep = tables.iter().map(|table| table.name.clone()).collect();
    Ok(Request { tables, keep: Some(keep), asked_by: None })
}

/// Opens the state database of a stopped server.
pub(super) fn open_store(settings: &Settings) -> Result<Store, CliError> {
    let facts = Facts::of(&settings.instance, &settings.env);
    Store::open(&settings.data_dir, &facts, &Seeds::default()).map_err(|error| {
        let shown = CliError::new("data_dir", format!("Error: {error}"));
        match error {
            OpenError::InUse { .. } => shown.hint("A running server does this itself: agnes admin sync"),
            _ => shown,
        }
    })
}
