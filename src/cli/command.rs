//! The shape of a command.

use std::sync::atomic::{AtomicBool, Ordering};

use clap::{ArgMatches, Command, FromArgMatches, Subcommand};

use super::{Context, Output};

/// A command: its fields are the arguments, its doc comment is the help text.
pub trait Run {
    /// Does the work and returns what there is to show; printing is not the command's business.
    fn run(self, context: &Context) -> anyhow::Result<Output>;
}

/// Makes [`Lazy`] declare commands at once, for completions of `agnes help …`.
pub static DECLARE_ALL: AtomicBool = AtomicBool::new(false);

/// A group whose commands are declared only when it is named, so that other commands start faster.
#[derive(Debug)]
pub struct Lazy<T>(T);

impl<T: Subcommand> Subcommand for Lazy<T> {
    fn augment_subcommands(command: Command) -> Command {
        if DECLARE_ALL.load(Ordering::Relaxed) {
            T::augment_subcommands(command)
        } else {
            command.defer(T::augment_subcommands)
        }
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        command.defer(T::augment_subcommands_for_update)
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}

impl<T: FromArgMatches> FromArgMatches for Lazy<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Run> Run for Lazy<T> {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        self.0.run(context)
    }
}

/// Declares a group of commands: each line is a command or a subgroup, whose doc comment is its help text.
macro_rules! commands {
    ($(#[$meta:meta])* $name:ident { $($(#[$attribute:meta])* $variant:ident($args:ty),)+ }) => {
        #[derive(Debug, clap::Subcommand)]
        #[command(arg_required_else_help = false)]
        $(#[$meta])*
        pub enum $name { $($(#[$attribute])* $variant($args)),+ }

        impl $crate::cli::Run for $name {
            fn run(self, context: &$crate::cli::Context) -> anyhow::Result<$crate::cli::Output> {
                match self { $(Self::$variant(args) => $crate::cli::Run::run(args, context)),+ }
            }
        }
    };
}
pub(super) use commands;
