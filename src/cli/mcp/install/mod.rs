//! `agnes mcp install`

mod client;
mod entry;

use std::path::Path;
use std::{fs, io};

use serde_json::json;

use crate::base::{atomic_file, if_exists};
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context, Output};
use client::Client;
use entry::Change;

/// Enter Agnes into the configuration of a program that uses tools, and leave everything else there as it is
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Running it again changes nothing. --server URL is entered as well, a token never: the program uses the one of
agnes auth login, or the variable AGNES_TOKEN.")]
pub struct Install {
    /// Program that uses the tools
    #[arg(long, value_enum, default_value_t)]
    client: Client,
    /// Print the entry, and write nothing
    #[arg(long, conflicts_with = "remove")]
    print: bool,
    /// Remove the entry
    #[arg(long)]
    remove: bool,
}

impl Install {
    pub fn run(self, context: &Context) -> anyhow::Result<Output> {
        let workspace = Workspace::locate(context, false)?;
        let file = self.client.file(workspace.root(), &context.env)?;
        let entry = self.client.entry(workspace.root(), context)?;
        if self.print {
            return Output::script(&entry.document()).json(&entry);
        }
        // What is behind a link stays there.
        let target = if_exists(fs::canonicalize(&file))?.unwrap_or_else(|| file.clone());
        let text = if_exists(fs::read_to_string(&target)).map_err(|error| unreadable(&file, &error))?;
        let text = text.unwrap_or_default();
        let change = if self.remove { entry::remove(&text) } else { entry.enter(&text) };
        let change = change.map_err(|reason| {
            CliError::new("bad_config", format!("{} cannot be changed: {reason}", file.display())).hint(
                "Correct the file, or enter what `agnes mcp install --print` shows yourself. Nothing was written.",
            )
        })?;
        let path = file.display();
        let is_changed = match &change {
            Change::None => false,
            Change::To(text) => write(&target, text).map(|()| true)?,
        };
        let output = match (is_changed, self.remove) {
            (true, true) => Output::message(format_args!("Removed agnes from {path}.")),
            (true, false) => Output::message(format_args!("Entered agnes into {path}.")).note(self.client.next_step()),
            (false, true) => Output::message(format_args!("{path} has no agnes; nothing to do.")),
            (false, false) => Output::message(format_args!("{path} has agnes already; nothing to do.")),
        };
        output.json(&json!({ "file": file, "changed": is_changed }))
    }
}

/// Replaces the file at once, with the mode that it has.
fn write(target: &Path, text: &str) -> io::Result<()> {
    let mode = if_exists(fs::metadata(target))?.map(|facts| facts.permissions());
    atomic_file::write(target, text.as_bytes())?;
    mode.map_or(Ok(()), |mode| fs::set_permissions(target, mode))
}

fn unreadable(file: &Path, error: &io::Error) -> CliError {
    CliError::new("bad_config", format!("{} cannot be read: {error}", file.display()))
}
