//! The `agnes` command line: one file for each command.

mod admin;
mod auth;
mod context;
mod credentials;
mod error;
mod extract;
mod input;
mod parts_index;
mod printer;
mod pull;
mod query;
mod rebuild;
mod schedule;
mod serve;
mod size;
mod sync;
mod workspace;

pub use context::{Context, Globals, TokenSource};
pub use error::{CliError, exit};
pub use printer::{Mode, Printer};

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::Environment;

/// Hands company tables to analysts and their AI agents
#[derive(Debug, Parser)]
#[command(name = "agnes", version, max_term_width = 100, arg_required_else_help = false)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Download the tables you may read into this workspace
    Pull(pull::Args),
    /// Run SQL on the downloaded tables, or on the server
    Query(query::Args),
    /// Sign in and out, tokens
    #[command(subcommand, arg_required_else_help = false)]
    Auth(auth::Command),
    /// Manage users, groups, grants and tables
    #[command(subcommand, arg_required_else_help = false)]
    Admin(admin::Command),
    /// What the server's syncs did
    #[command(subcommand, arg_required_else_help = false)]
    Sync(sync::Command),
    /// Run the server
    Serve(serve::Args),
    /// Call the server's jobs on time, beside a running server
    Schedule(schedule::Args),
    /// Read a data source into DATA_DIR
    #[command(subcommand, arg_required_else_help = false)]
    Extract(extract::Command),
    /// Publish what the extractors wrote
    Rebuild(rebuild::Args),
}

impl Command {
    fn mode(&self) -> Mode {
        match self {
            Self::Pull(args) => args.mode(),
            Self::Query(args) => args.mode(),
            Self::Auth(command) => command.mode(),
            Self::Admin(command) => command.mode(),
            Self::Rebuild(args) => args.mode(),
            Self::Sync(command) => command.mode(),
            Self::Schedule(args) => args.mode(),
            Self::Serve(_) | Self::Extract(_) => Mode::Normal,
        }
    }

    fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self {
            Self::Pull(args) => pull::run(args, context),
            Self::Query(args) => query::run(args, context),
            Self::Auth(command) => auth::run(command, context),
            Self::Admin(command) => admin::run(command, context),
            Self::Sync(command) => sync::run(command, context),
            Self::Serve(args) => serve::run(args, context),
            Self::Schedule(args) => schedule::run(args, context),
            Self::Extract(command) => extract::run(command, context),
            Self::Rebuild(args) => rebuild::run(args, context),
        }
    }
}

/// Parses the arguments, runs the command and reports its error, if any.
pub fn run(args: impl IntoIterator<Item = impl Into<OsString> + Clone>, env: Environment) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with code 0, usage errors to stderr with code 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE));
        }
    };
    let Some(command) = cli.command else {
        let _ = Cli::command().print_help();
        return ExitCode::from(exit::USAGE);
    };
    let printer = Printer::new(command.mode(), &env);
    let context = Context { env, globals: cli.globals, printer };
    match command.run(&context) {
        Ok(code) => code,
        Err(_) if context.printer.closed() => ExitCode::SUCCESS,
        Err(error) => report(error, &context.printer),
    }
}

fn report(error: anyhow::Error, printer: &Printer) -> ExitCode {
    let error = match error.downcast::<CliError>() {
        Ok(error) => error,
        Err(other) => CliError::new("failed", format!("Error: {other:#}")),
    };
    match printer.mode() {
        Mode::Json => printer.error(&error.to_json().to_string()),
        Mode::Normal | Mode::Quiet => printer.error(&error.render()),
    }
    ExitCode::from(error.exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_table_is_sound() {
        Cli::command().debug_assert();
    }
}
