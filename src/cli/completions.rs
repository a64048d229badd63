use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::command::DECLARE_ALL;
use super::{Cli, CliError, Commands, Context, Output, Run};
use crate::base::atomic_file;

/// Print the completion script of a shell, or install it
///
/// For example: agnes completions --install
#[derive(clap::Args, Debug)]
pub struct Completions {
    /// The shell [default: the one that $SHELL names]
    shell: Option<Shell>,
    /// Write the script to where the shell looks for it (bash, fish, zsh)
    #[arg(long)]
    install: bool,
}

/// How v0.35 names this command.
#[derive(clap::Args, Debug)]
pub struct RootOptions {
    #[arg(long, hide = true, require_equals = true, value_name = "SHELL", conflicts_with = "show_completion")]
    install_completion: Option<Option<Shell>>,
    #[arg(long, hide = true, require_equals = true, value_name = "SHELL")]
    show_completion: Option<Option<Shell>>,
}

impl RootOptions {
    /// The command that these options stand for.
    pub fn command(self) -> Option<Commands> {
        let install = self.install_completion.is_some();
        let shell = self.install_completion.or(self.show_completion)?;
        Some(Commands::Completions(Completions { shell, install }))
    }
}

impl Run for Completions {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let named = || Shell::from_shell_path(context.env.named("SHELL")?);
        let shell = self
            .shell
            .or_else(named)
            .ok_or_else(|| CliError::usage("the shell is not known").hint("Name it, e.g.: agnes completions bash"))?;
        DECLARE_ALL.store(true, Ordering::Relaxed);
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "agnes", &mut script);
        if self.install {
            install(shell, &script, context)
        } else {
            Ok(Output::script(String::from_utf8(script)?.trim_end()))
        }
    }
}

fn install(shell: Shell, script: &[u8], context: &Context) -> anyhow::Result<Output> {
    let home = || {
        let home = context.env.home().map(Path::to_owned);
        home.ok_or_else(|| CliError::new("no_home", "HOME is not set"))
    };
    let folder = |variable: &str, otherwise: &str| match context.env.named(variable) {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => home().map(|home| home.join(otherwise)),
    };
    let path = match shell {
        Shell::Bash => folder("XDG_DATA_HOME", ".local/share")?.join("bash-completion/completions/agnes"),
        Shell::Fish => folder("XDG_CONFIG_HOME", ".config")?.join("fish/completions/agnes.fish"),
        Shell::Zsh => home()?.join(".zfunc/_agnes"),
        other => {
            let hint = format!("Add what this prints to your profile: agnes completions {other}");
            return Err(CliError::usage(format!("there is no folder for completions of {other}")).hint(hint).into());
        }
    };
    atomic_file::write(&path, script).map_err(|error| {
        CliError::new("completions_not_written", format!("cannot write {}: {error}", path.display()))
    })?;
    let output = Output::message(format_args!("Completions for {shell} written to {}", path.display()));
    let output = match shell {
        Shell::Bash => output.note("They work in new shells, if the package bash-completion is installed."),
        Shell::Zsh => {
            output.note("Add to ~/.zshrc, if it is not there: fpath+=~/.zfunc; autoload -Uz compinit; compinit")
        }
        _ => output.note("They work in new shells."),
    };
    output.json(&json!({"shell": shell.to_string(), "file": path}))
}
