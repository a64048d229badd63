//! The `agnes` command line: one file for each command, or for the small commands of one group.
//!
//! A command is a struct with its arguments ([`clap::Args`]; the doc comment is the help text) that implements [`Run`]
//! and returns an [`Output`]. Commands that are little more than one request are the variants of one enum instead
//! (`admin/grant.rs`). [`Printer::print`] shows the output, as text or with the global `--json`; [`CliError`] becomes
//! `Error: …`, hint and exit code in one place.
//!
//! To add a command, write it (`pub struct Show`, `impl Run for Show`) in its group's file or in one of its own, and give
//! it one line in the `commands!` list of the group (`Show(Show),`), or add a variant to the enum of the group. Names are
//! noun first: `agnes admin user add`. Names of older versions stay as hidden aliases.

mod admin;
mod api;
mod auth;
mod catalog;
mod command;
mod completions;
mod compose;
mod context;
mod credentials;
mod describe;
mod diagnose;
mod disk_info;
mod error;
mod escape;
mod explore;
mod extract;
mod globals;
mod hooks;
mod init;
mod input;
mod installed;
mod internal;
mod man;
mod mcp;
#[cfg(test)]
mod mentioned;
mod metric;
mod offline;
mod output;
mod printer;
mod pull;
mod push;
mod query;
mod rebuild;
mod saved;
mod schedule;
mod schema;
mod serve;
mod setup;
mod shell;
mod skills;
mod snapshot;
mod status;
mod sync;
mod table;
mod units;
mod update;
mod v2;
mod workspace;

use api::Api;
use command::{Lazy, Run, commands};
pub use context::{Context, TokenSource};
pub use error::{CliError, exit};
pub use globals::Globals;
pub use output::Output;
pub use printer::Printer;
use table::Table;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser};
use tokio_util::sync::CancellationToken;

use crate::base::platform::files;
use crate::config::Environment;

/// Gives analysts and their AI agents the company tables that they may read
#[derive(Debug, Parser)]
#[command(name = "agnes", version, max_term_width = 100, arg_required_else_help = false)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(flatten)]
    completion: completions::RootOptions,
    #[command(subcommand)]
    command: Option<Commands>,
}

commands! {
    /// Gives analysts and their AI agents the company tables that they may read
    Commands {
        Init(init::Init),
        Pull(pull::Pull),
        Push(push::Push),
        Query(query::Query),
        Shell(shell::Shell),
        Status(status::Status),
        Diagnose(diagnose::Diagnose),
        Catalog(catalog::Catalog),
        Schema(schema::Schema),
        Describe(describe::Describe),
        Explore(explore::Explore),
        /// Keep parts of tables in this workspace, and query them like tables
        #[command(subcommand)] Snapshot(Lazy<snapshot::Snapshot>),
        DiskInfo(disk_info::DiskInfo),
        /// Compute metrics that are defined on the server
        #[command(subcommand)] Metric(Lazy<metric::Metric>),
        /// Save queries, share them, and keep their results as tables
        #[command(subcommand)] Saved(Lazy<saved::Saved>),
        Mcp(mcp::Mcp),
        /// Sign in and out, and manage tokens
        #[command(subcommand)] Auth(Lazy<auth::Auth>),
        /// Manage users, groups, grants and tables
        #[command(subcommand)] Admin(Lazy<admin::Admin>),
        /// Show the sync runs of the server
        #[command(subcommand)] Sync(Lazy<sync::Sync>),
        Serve(serve::Serve),
        Schedule(schedule::Schedule),
        /// Read a data source into DATA_DIR
        #[command(subcommand)] Extract(Lazy<extract::Extract>),
        Rebuild(rebuild::Rebuild),
        /// Set up a new server, and check it
        #[command(subcommand)] Setup(Lazy<setup::Setup>),
        /// Look after a server that runs in containers (docker compose, kamal)
        #[command(subcommand)] Server(Lazy<compose::Server>),
        /// Read guides for agents and admins
        #[command(subcommand)] Skills(Lazy<skills::Skills>),
        Completions(completions::Completions),
        Man(man::Man),
        #[command(hide = true)] Login(auth::Login),
        #[command(hide = true)] Logout(auth::Logout),
        #[command(hide = true)] Whoami(auth::Whoami),
        /// This program itself
        #[command(subcommand, name = "self")] ThisProgram(Lazy<update::ThisProgram>),
        #[command(name = "self-update", hide = true)] SelfUpdate(update::Update),
        /// Run a part of the server in a process of its own
        #[command(subcommand, hide = true)] Internal(internal::Internal),
    }
}

/// Parses the arguments, runs the command, and shows its result or its error.
pub fn run(args: impl IntoIterator<Item = impl Into<OsString>>, env: Environment) -> ExitCode {
    files::restrict_new_files();
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let cli = match parse(&args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with code 0, usage errors to stderr with code 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::USAGE));
        }
    };
    let Some(command) = cli.completion.command().or(cli.command) else {
        let _ = Cli::command().print_help();
        return ExitCode::from(exit::USAGE);
    };
    let printer = Printer::new(&cli.globals, &env);
    let context =
        Context { env, globals: cli.globals, printer, cancellation: CancellationToken::new(), used: Mutex::default() };
    let printer = &context.printer;
    match command.run(&context).and_then(|output| Ok(printer.print(&output).map(|()| output)?)) {
        Ok(output) => {
            if !output.is_quiet()
                && let Some(line) = update::reminder::reminder(&context)
            {
                printer.note(line);
            }
            ExitCode::from(output.exit)
        }
        Err(_) if printer.closed() => ExitCode::SUCCESS,
        Err(error) => {
            let error = CliError::from(error);
            printer.error(&error);
            ExitCode::from(error.exit)
        }
    }
}

/// Like [`Parser::try_parse_from`]; help and errors of the parser have colors, too.
fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let has_colors = !args.iter().any(|arg| arg == "--no-color");
    let color = if has_colors { ColorChoice::Auto } else { ColorChoice::Never };
    Cli::from_arg_matches(&Cli::command().color(color).try_get_matches_from(args)?)
}

#[cfg(test)]
mod argument_order;

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands below `command`, each with its whole name.
    pub fn leaves(command: &clap::Command, name: &str, found: &mut Vec<(String, clap::Command)>) {
        let name = format!("{name} {}", command.get_name());
        let is_help = command.get_name() == "help";
        match command.get_subcommands().next() {
            Some(_) if is_help => {}
            Some(_) => command.get_subcommands().for_each(|inner| leaves(inner, &name, found)),
            None if is_help => {}
            None => found.push((name, command.clone())),
        }
    }

    #[test]
    fn every_command_has_a_help_text_and_takes_json() {
        let mut root = Cli::command();
        root.build();
        root.clone().debug_assert();
        let mut found = Vec::new();
        leaves(&root, "", &mut found);
        assert!(found.len() > 40, "{found:?}");
        for (name, command) in &found {
            assert!(command.get_about().is_some(), "{name} has no help text");
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set() && !command.is_hide_set())
            {
                assert!(argument.get_help().is_some(), "{name}: {} has no help text", argument.get_id());
            }
            let json: Vec<_> = command.get_arguments().filter(|argument| argument.get_id() == "json").collect();
            assert_eq!(json.len(), 1, "{name} does not take --json");
            assert!(json[0].is_global_set(), "{name} has a --json of its own");
        }
    }
}
