//! `agnes sync`: what the server's syncs did, for admins.

mod show;
mod status;
mod wait;

pub use wait::wait;

use std::process::ExitCode;

use super::{Context, Mode};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Show the last syncs, newest first, and what failed in the newest
    Status(status::Args),
}

impl Command {
    pub fn mode(&self) -> Mode {
        let Self::Status(args) = self;
        if args.json { Mode::Json } else { Mode::Normal }
    }
}

pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    let Command::Status(args) = command;
    let client = context.client()?;
    context.block_on(status::run(args, &client, context))??;
    Ok(ExitCode::SUCCESS)
}
