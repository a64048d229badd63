use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::CommandFactory;
use serde_json::json;

use super::command::DECLARE_ALL;
use super::{Cli, CliError, Context, Output, Run};

/// Print the manual page of the program, or write the pages of all commands
///
/// For example: agnes man --dir ~/.local/share/man/man1, and then: man agnes-admin-user
#[derive(clap::Args, Debug)]
pub struct Man {
    /// Directory to write the pages to, one for each command
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Run for Man {
    fn run(self, _: &Context) -> anyhow::Result<Output> {
        DECLARE_ALL.store(true, Ordering::Relaxed);
        let Some(dir) = self.dir else {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            return Ok(Output::script(String::from_utf8(page)?.trim_end()));
        };
        let written = fs::create_dir_all(&dir).and_then(|()| clap_mangen::generate_to(Cli::command(), &dir));
        written.map_err(|error| {
            CliError::new("pages_not_written", format!("cannot write manual pages to {}: {error}", dir.display()))
        })?;
        Output::message(format_args!("Manual pages written to {}", dir.display())).json(&json!({"dir": dir}))
    }
}
