//! `agnes server`: what an operator asks of `docker compose` and `kamal` in the directory of the deployment.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use jiff::Timestamp;
use serde_json::json;

use super::{CliError, Context, Output, Run, exit};
use crate::base::platform::processes;

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum Server {
    /// Show what runs
    Status,
    /// Show the end of a service's log
    Logs {
        /// Name of the service in docker-compose.yml
        #[arg(default_value = "app", value_parser = service)]
        service: String,
        /// Show new lines as they come
        #[arg(long, short)]
        follow: bool,
        /// Only lines from this time on, e.g. 1h or 2026-11-23T02:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Number of lines at most
        #[arg(long, short = 'n', default_value_t = 100, value_name = "N")]
        tail: u32,
    },
    /// Restart a service
    Restart {
        /// Name of the service in docker-compose.yml
        #[arg(default_value = "app", value_parser = service)]
        service: String,
    },
    /// Deploy with kamal
    Deploy {
        /// To the destination `staging`
        #[arg(long)]
        staging: bool,
    },
    /// Go back to an earlier version with kamal
    Rollback {
        /// The version, if kamal asks for one
        version: Option<String>,
    },
    /// Copy the state of the server into a new folder: users, grants, registry, keys
    Backup {
        /// Folder for backups
        #[arg(long, value_name = "DIR", default_value = "./backup")]
        output: PathBuf,
    },
}

impl Run for Server {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        match self {
            Self::Status => show(compose(&["ps"]), context),
            Self::Logs { service, follow, since, tail } => {
                if follow && context.printer.is_json {
                    return Err(CliError::usage("--follow never ends, so it has no --json").into());
                }
                let mut command = compose(&["logs", &service, "--tail", &tail.to_string()]);
                command.args(since.iter().flat_map(|since| ["--since", since]));
                command.args(follow.then_some("--follow"));
                show(command, context)
            }
            Self::Restart { service } => {
                let output = show(compose(&["restart", &service]), context)?;
                Ok(if output.exit == 0 { output.line(format_args!("Restarted {service}")) } else { output })
            }
            Self::Deploy { staging } => {
                let mut command = Command::new("kamal");
                command.arg("deploy").args(staging.then_some(["-d", "staging"]).into_iter().flatten());
                show(command, context)
            }
            Self::Rollback { version } => {
                let mut command = Command::new("kamal");
                command.arg("rollback").args(version);
                show(command, context)
            }
            Self::Backup { output } => backup(&output, context),
        }
    }
}

/// Compose's rule for names, which also keeps options out.
fn service(name: &str) -> Result<String, String> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    match name.starts_with(|first: char| first.is_ascii_alphanumeric()) && name.chars().all(is_allowed) {
        true => Ok(name.to_owned()),
        false => Err("a service has letters, digits, '.', '_' and '-' in its name".into()),
    }
}

fn compose(args: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.arg("compose").args(args);
    command
}

/// Runs a program on this terminal, and ends with its exit code. With `--json`, what it prints is part of the result.
fn show(mut command: Command, context: &Context) -> anyhow::Result<Output> {
    let words: Vec<_> = words(&command);
    if !context.printer.is_json {
        let status = command.status().map_err(|error| not_started(&command, &error))?;
        return Ok(Output::default().exit(code(status)));
    }
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let ran = command.output().map_err(|error| not_started(&command, &error))?;
    let (text, code) = (String::from_utf8_lossy(&ran.stdout), code(ran.status));
    Output::default().exit(code).json(&json!({"command": words, "exit_code": code, "output": text}))
}

/// The folder appears only if the copy has succeeded.
fn backup(folder: &Path, context: &Context) -> anyhow::Result<Output> {
    let name = format!("backup_{}", Timestamp::now().strftime("%Y%m%d_%H%M%S"));
    let directory = folder.join(name);
    let unwritable = |error: io::Error| {
        CliError::new("backup_failed", format!("cannot create {}: {error}", directory.display()))
            .hint("Name a folder that you may write to with --output DIR.")
    };
    fs::create_dir_all(folder).map_err(unwritable)?;
    fs::create_dir(&directory).map_err(unwritable)?;
    let state = directory.join("state");
    let mut command = compose(&["cp", "app:/data/state/"]);
    // A folder with this name becomes a copy of the other.
    command.arg(state.join("")).stdin(Stdio::null());
    if context.printer.is_json {
        command.stdout(io::stderr());
    }
    let failed = match command.status() {
        Err(error) => Some(not_started(&command, &error)),
        Ok(status) if !status.success() => Some(
            CliError::new("backup_failed", format!("'{}' failed, so there is no backup", words(&command).join(" ")))
                .hint(
                    "The reason is above. Run this in the directory with docker-compose.yml, with the server running.",
                )
                .exiting(code(status)),
        ),
        Ok(_) if is_empty(&state) => Some(
            CliError::new("backup_failed", "nothing was copied, so there is no backup")
                .hint("Is /data the DATA_DIR of the service app?"),
        ),
        Ok(_) => None,
    };
    if let Some(error) = failed {
        // Half a copy must not be taken for a backup.
        let _ = fs::remove_dir_all(&directory);
        return Err(error.into());
    }
    Output::message(format_args!("Backup saved to {}", directory.display()))
        .note(
            "Restore from the newest file of state/snapshots in it: the server may have been writing to system.duckdb \
             meanwhile. Tables are not in it; extracts/ and uploads/ hold them.",
        )
        .json(&json!({"backup": directory}))
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none())
}

fn words(command: &Command) -> Vec<String> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

/// As shells have it: 128 and the number of the signal that ended a program.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| processes::signal(status).map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::FAILED)
}

fn not_started(command: &Command, error: &io::Error) -> CliError {
    let program = command.get_program().to_string_lossy();
    let hint = match &*program {
        "docker" => "Install Docker with its compose plugin, or run the server without containers: agnes serve",
        _ => "Install kamal, or deploy with: docker compose up -d",
    };
    match error.kind() {
        io::ErrorKind::NotFound => CliError::new("missing_program", format!("{program} is not installed")).hint(hint),
        _ => CliError::new("missing_program", format!("{program} cannot be started: {error}")).hint(hint),
    }
}
