use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use super::{CliError, Context, Output, Run, offline};
use crate::base::ident;
use crate::config::{Settings, env_vars};
use crate::connectors::{Report, Request, TableNote, TableRequest, custom, files, keboola, materialize};
use crate::engine::{self, Limits};
use crate::extract::RemotePolicy;
use crate::protocol::vocabulary::QueryMode;

/// Read a data source into DATA_DIR
#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum Extract {
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
    /// Run a custom connector of CONNECTORS_DIR, and check what it wrote
    Custom {
        /// Name of its folder
        name: String,
        /// Take a JSON request on standard input, and tell each table
        #[arg(long, hide = true)]
        stdin: bool,
    },
    /// Run the SQL of a source's materialized tables there
    Materialize {
        /// Name of the source
        source: String,
        #[arg(long, hide = true)]
        stdin: bool,
    },
    /// Tell whether a file can become a table
    #[command(hide = true)]
    Check {
        file: PathBuf,
        /// What it will be called
        name: String,
        #[arg(long)]
        stdin: bool,
    },
    /// Become another program, one that ends with the process PID
    #[command(hide = true)]
    Tied {
        pid: u32,
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
    /// Read the registered tables of a Keboola project; credentials come from the environment
    Keboola {
        /// Read the tables of a JSON request on standard input instead of the registry
        #[arg(long, hide = true)]
        stdin: bool,
    },
}

impl Run for Extract {
    /// Reports as one line of JSON, and exits with 0, 1 or 2: nothing, everything or something failed.
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        if let Self::Tied { pid, program } = self {
            return become_tied(pid, &program);
        }
        let settings = Settings::load(context.env.clone())?;
        crate::logging::init(&settings.env)?;
        if let Self::Check { file, name, .. } = &self {
            read_request()?;
            let limits = Limits::for_parquet(&settings.env, settings.data_dir.spill());
            let checked = files::check(file, name, &settings.data_dir.staging(), &limits);
            return json_result(&checked);
        }
        let report = match self {
            Self::Files { folder, source, stdin } => {
                let request = stdin.then(read_request).transpose()?;
                extract_files(&folder, &source, request, &settings)?
            }
            Self::Custom { name, stdin } => {
                let request = stdin.then(read_request).transpose()?;
                extract_custom(&name, request.as_ref(), &settings)?
            }
            Self::Materialize { source, stdin } => {
                let request =
                    if stdin { read_request()? } else { registered_materialized(context, &settings, &source)? };
                materialize::run(&source, &request, &materialize_settings(&settings, &source)?)
            }
            Self::Check { .. } | Self::Tied { .. } => return Err(CliError::usage("nothing to become").into()),
            Self::Keboola { stdin } => {
                let credentials = keboola::Settings::resolve(&settings.instance, &settings.env)?;
                let request = if stdin { read_request()? } else { registered(context, &settings, "keboola")? };
                let directory = settings.data_dir.extract("keboola");
                context.block_on(keboola::run(&credentials, &directory, request))?
            }
        };
        let notes = report.notes.iter().map(|TableNote { table, note }| format!("{table}: {note}"));
        let errors = report.errors.iter().map(|failure| format!("{}: {}", failure.table, failure.error));
        Ok(notes.chain(errors).fold(json_result(&report)?, Output::warn).exit(report.exit_code()))
    }
}

/// JSON in either form: programs read it.
fn json_result(value: &impl serde::Serialize) -> anyhow::Result<Output> {
    Output::message(serde_json::to_string(value)?).json_line(value)
}

fn extract_files(folder: &Path, source: &str, request: Option<Request>, settings: &Settings) -> anyhow::Result<Report> {
    if !ident::is_strict(source) || ident::is_reserved_source(source) {
        return Err(CliError::usage(format!(
            "{source} cannot name a source: use letters, digits and _, and none of main, temp, system, server"
        ))
        .into());
    }
    let limits = files::Settings {
        memory: settings.env.text(&env_vars::AGNES_EXTRACT_MEMORY).to_owned(),
        threads: engine::cores(),
        reserve: settings.env.disk_reserve()?,
    };
    Ok(files::run(folder, &settings.data_dir.extract(source), request, &limits)?)
}

fn extract_custom(name: &str, request: Option<&Request>, settings: &Settings) -> anyhow::Result<Report> {
    let env = &settings.env;
    let folder = Path::new(env.text(&env_vars::CONNECTORS_DIR));
    let connector = custom::find(folder, name)?;
    let run = custom::Settings {
        data_dir: settings.data_dir.clone(),
        environment: env.for_connectors(),
        python: env.text(&env_vars::AGNES_PYTHON).into(),
        timeout: env.duration(&env_vars::AGNES_CONNECTOR_TIMEOUT)?,
        limits: Limits::for_parquet(env, settings.data_dir.spill()),
    };
    Ok(custom::run(&connector, &run, request.map_or_else(Report::default, Request::report))?)
}

fn materialize_settings(settings: &Settings, source: &str) -> anyhow::Result<materialize::Settings> {
    let keboola = keboola::Settings::resolve(&settings.instance, &settings.env).ok();
    let stack = keboola.as_ref().map(|keboola| keboola.stack_url.to_string());
    let attach = keboola.filter(|_| source == "keboola").map(|keboola| keboola.attach());
    Ok(materialize::Settings {
        data_dir: settings.data_dir.clone(),
        policy: RemotePolicy::new(&settings.env, stack.as_deref()),
        limits: Limits::for_parquet(&settings.env, settings.data_dir.spill()),
        reserve: settings.env.disk_reserve()?,
        attach,
    })
}

fn registered_materialized(context: &Context, settings: &Settings, source: &str) -> anyhow::Result<Request> {
    let mut request = registered(context, settings, source)?;
    request.tables.retain(|table| table.query_mode == QueryMode::Materialized);
    Ok(request)
}

/// For programs that cannot see to it themselves. Returns only when that fails.
fn become_tied(pid: u32, program: &[OsString]) -> anyhow::Result<Output> {
    tie_to_parent(Some(pid))?;
    let Some((program, args)) = program.split_first() else {
        return Err(CliError::usage("no program is named").into());
    };
    let error = std::process::Command::new(program).args(args).exec();
    Err(CliError::new("not_started", format!("cannot start {}: {error}", Path::new(program).display())).into())
}

/// This process ends when its parent, which must be `pid` where that is given, does.
fn tie_to_parent(pid: Option<u32>) -> anyhow::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // It may have died before the signal was asked for.
    let parent = rustix::process::getppid().map(|id| id.as_raw_nonzero().get().unsigned_abs());
    if pid.is_some() && pid != parent {
        return Err(CliError::new("orphaned", "the server that asked for this is gone").into());
    }
    Ok(())
}

/// The server hands its request over so; when the server dies, so does this process.
fn read_request() -> anyhow::Result<Request> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let request: Request = serde_json::from_str(&text)
        .map_err(|error| CliError::usage(format!("standard input holds no valid request: {error}")))?;
    tie_to_parent(request.asked_by)?;
    Ok(request)
}

/// Every table that is registered for a source. Needs the state database, so no server may run.
fn registered(context: &Context, settings: &Settings, source: &str) -> anyhow::Result<Request> {
    let store = offline::open_store(settings, offline::SERVER_DOES_IT)?;
    let snapshot = store.snapshot();
    context.block_on(store.close())?;
    let tables: Vec<_> = snapshot
        .registry
        .all()
        .into_iter()
        .filter(|table| table.source_type.as_ref().is_some_and(|of| of.as_str() == source))
        .map(|table| TableRequest::from_registry(table))
        .collect();
    let keep = tables.iter().map(|table| table.name.clone()).collect();
    Ok(Request { tables, keep: Some(keep), asked_by: None })
}
