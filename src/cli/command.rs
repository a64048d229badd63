//! The shape of a command.

use super::{Context, Output};

/// A command: its fields are the arguments, its doc comment is the help text.
pub trait Run {
    /// Does the work and returns what there is to show; printing is not the command's business.
    fn run(self, context: &Context) -> anyhow::Result<Output>;
}

/// Declares a group of commands: the doc comment is its help text, each line a command or a subgroup.
macro_rules! commands {
    ($(#[$meta:meta])* $name:ident { $($(#[$attribute:meta])* $variant:ident($args:ty),)+ }) => {
        $(#[$meta])*
        #[derive(Debug, clap::Subcommand)]
        #[command(arg_required_else_help = false)]
        pub enum $name { $($(#[$attribute])* $variant($args)),+ }

        impl $crate::cli::Run for $name {
            fn run(self, context: &$crate::cli::Context) -> anyhow::Result<$crate::cli::Output> {
                match self { $(Self::$variant(args) => $crate::cli::Run::run(args, context)),+ }
            }
        }
    };
}
pub(super) use commands;
