use std::sync::atomic::Ordering;

use clap::CommandFactory;
use clap_complete::Shell;

use super::command::DECLARE_ALL;
use super::{Cli, Context, Output, Run};

/// Print the completion script of a shell
///
/// For example: agnes completions bash > ~/.local/share/bash-completion/completions/agnes
#[derive(clap::Args, Debug)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Run for Completions {
    fn run(self, _: &Context) -> anyhow::Result<Output> {
        DECLARE_ALL.store(true, Ordering::Relaxed);
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "agnes", &mut script);
        Ok(Output::script(String::from_utf8(script)?.trim_end()))
    }
}
