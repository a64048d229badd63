//! `agnes mcp`: the catalog, queries, metrics and pulls as tools of the Model Context Protocol.
//!
//! A tool is a struct with its arguments that implements [`tool::Tool`], in a file below `tools/`; it calls what the commands
//! call. [`server`] runs tools, one call on one thread, and [`problem`] is the one place that makes results of errors.

mod call;
mod install;
mod problem;
mod serve;
mod server;
mod tool;
mod tools;

use super::{Context, Output, Run};

/// Give AI agents the tables and metrics that you may read, as tools (Model Context Protocol over stdin and stdout)
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub struct Mcp {
    #[command(subcommand)]
    command: Option<McpCommand>,
}

#[derive(clap::Subcommand, Debug)]
enum McpCommand {
    Install(install::Install),
}

const AFTER_HELP: &str = "\
A program such as Claude Code or Cursor starts this command and talks to it. To make it do so, in the workspace:

  agnes auth login --server https://agnes.example.com --email you@example.com
  agnes mcp install                             for Claude Code: .mcp.json
  agnes mcp install --client claude-desktop
  agnes mcp install --client cursor             .cursor/mcp.json";

impl Run for Mcp {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        match self.command {
            Some(McpCommand::Install(install)) => install.run(context),
            None => serve::serve(context),
        }
    }
}
