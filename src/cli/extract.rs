use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::{CliError, Context, Output, Run, offline};
use crate::base::ident;
use crate::base::platform::{kernel, processes};
use crate::config::{Settings, env_vars};
use crate::connectors::{PROVIDED, Report, Request, Sources, TableNote, TableRequest, custom, files, materialize};
use crate::engine::{self, Limits};
use crate::profiler;
use crate::protocol::vocabulary::{QueryMode, SourceType};

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
        /// Read a JSON request from standard input, and report each table
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
    /// Check that a file can become a table
    #[command(hide = true)]
    Check {
        file: PathBuf,
        /// Its future name
        name: String,
        #[arg(long)]
        stdin: bool,
    },
    /// Make the profile that a JSON task on standard input asks for
    #[command(hide = true)]
    Profile {
        #[arg(long, required = true)]
        stdin: bool,
    },
    /// Become another program, one that ends with the process PID
    #[command(hide = true)]
    Tied {
        pid: u32,
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
    #[command(flatten)]
    Source(SourceCommand),
}

/// `agnes extract KIND` for each provided source that has such a command.
#[derive(Debug)]
pub struct SourceCommand {
    kind: SourceType,
    /// Read the tables of a JSON request on standard input instead of the registry.
    stdin: bool,
}

impl clap::FromArgMatches for SourceCommand {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (kind, matches) = matches.subcommand().ok_or_else(missing)?;
        Ok(Self { kind: kind.into(), stdin: matches.get_flag("stdin") })
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Subcommand for SourceCommand {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        let stdin = clap::Arg::new("stdin").long("stdin").hide(true).action(clap::ArgAction::SetTrue);
        command.subcommands(PROVIDED.iter().filter_map(|source| {
            Some(clap::Command::new(source.kind.as_str()).about(source.command?).arg(stdin.clone()))
        }))
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        PROVIDED.iter().any(|source| source.command.is_some() && source.kind.as_str() == name)
    }
}

impl Run for Extract {
    /// Reports as one line of JSON, and exits with 0, 1 or 2: nothing, everything or something failed.
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        if let Self::Tied { pid, program } = self {
            return become_tied(pid, &program);
        }
        let settings = Settings::load(context.env.clone())?;
        crate::logging::init(&settings.env)?;
        let report = match self {
            Self::Files { folder, source, stdin } => {
                let request = stdin.then(read_request).transpose()?;
                extract_files(&folder, &source, request, &settings)?
            }
            Self::Custom { name, stdin } => {
                let request = stdin.then(read_request).transpose()?;
                if PROVIDED.iter().any(|source| source.kind.as_str() == name) {
                    return Err(custom::CustomError::Name(name).into());
                }
                let connector = custom::find(&custom::folder(&settings.env), &name)?;
                let run = custom::Settings::load(&settings)?;
                custom::run(&connector, &run, request.as_ref().map_or_else(Report::default, Request::report))?
            }
            Self::Materialize { source, stdin } => {
                let kind = SourceType::from(source.as_str());
                let mut request = if stdin { read_request()? } else { registered(context, &settings, &kind)? };
                request.tables.retain(|table| stdin || table.query_mode == QueryMode::Materialized);
                materialize::run(&source, &request, &materialize_settings(&settings, &kind)?)
            }
            Self::Source(SourceCommand { kind, stdin }) => {
                let sources = Sources::load(&settings);
                let unknown = || CliError::usage(format!("there is no source {kind}"));
                let source = sources.get(&kind).ok_or_else(unknown)?;
                source.ready()?;
                let request = if stdin { read_request()? } else { registered(context, &settings, &kind)? };
                context.block_on(source.extract(request))??
            }
            Self::Check { file, name, .. } => {
                let format = read_request()?.tables.into_iter().next().and_then(|table| table.file_format);
                let limits = Limits::for_parquet(&settings.env, settings.data_dir.spill());
                let format = format.unwrap_or_default();
                return json_result(&files::check(&file, &name, &settings.data_dir.staging(), &format, &limits));
            }
            Self::Profile { .. } => {
                let task: profiler::Task = read_input()?;
                tie_to_parent(Some(task.asked_by))?;
                return Ok(Output::message(profiler::answer(&task)));
            }
            Self::Tied { .. } => return Err(CliError::usage("nothing to extract").into()),
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

fn materialize_settings(settings: &Settings, source: &SourceType) -> anyhow::Result<materialize::Settings> {
    let sources = Sources::load(settings);
    Ok(materialize::Settings {
        data_dir: settings.data_dir.clone(),
        policy: sources.remote().clone(),
        limits: Limits::for_parquet(&settings.env, settings.data_dir.spill()),
        reserve: settings.env.disk_reserve()?,
        attach: sources.get(source).and_then(|source| source.attachment()),
    })
}

/// For programs that do not end with their parent themselves. Returns only on failure.
fn become_tied(pid: u32, program: &[OsString]) -> anyhow::Result<Output> {
    tie_to_parent(Some(pid))?;
    let Some((program, args)) = program.split_first() else {
        return Err(CliError::usage("no program is named").into());
    };
    let mut command = std::process::Command::new(program);
    command.args(args);
    let error = kernel::become_program(command);
    Err(CliError::new("not_started", format!("cannot start {}: {error}", Path::new(program).display())).into())
}

/// This process ends when its parent, which must be `pid` where that is given, does.
fn tie_to_parent(pid: Option<u32>) -> anyhow::Result<()> {
    kernel::end_with_parent()?;
    // It may have died before the signal was requested.
    if pid.is_some() && pid != processes::parent() {
        return Err(CliError::new("orphaned", "the server that started this process is gone").into());
    }
    Ok(())
}

/// The request of the server; when the server dies, so does this process.
fn read_request() -> anyhow::Result<Request> {
    let request: Request = read_input()?;
    tie_to_parent(request.asked_by)?;
    Ok(request)
}

fn read_input<T: DeserializeOwned>() -> anyhow::Result<T> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)
        .map_err(|error| CliError::usage(format!("standard input is not a valid request: {error}")))?)
}

/// Every table that is registered for a source. Needs the state database, so no server may run.
fn registered(context: &Context, settings: &Settings, source: &SourceType) -> anyhow::Result<Request> {
    let snapshot = offline::with_store(context, settings, offline::SERVER_DOES_IT, async |store| store.snapshot())?;
    let of_source = snapshot.registry.all().into_iter().filter(|table| table.source() == source);
    let tables: Vec<_> = of_source.map(|table| TableRequest::from_registry(table)).collect();
    let keep = tables.iter().map(|table| table.name.clone()).collect();
    Ok(Request { tables, keep: Some(keep), asked_by: None })
}
